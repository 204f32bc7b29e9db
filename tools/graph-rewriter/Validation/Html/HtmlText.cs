using System.Globalization;
using System.Net;

namespace FlashRt.Validation.Html;

/// <summary>Pieces of the page: escaped text, numbers as the browser wants them, tables.</summary>
internal static class HtmlText
{
    public static string Escape(string? text) => WebUtility.HtmlEncode(text ?? "");

    public static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    public static string Error(double value) => value.ToString("0.0e+0", CultureInfo.InvariantCulture);

    /// <summary>A table; columns whose head ends with '>' are numbers.</summary>
    public static string Table(IReadOnlyList<string> heads, IEnumerable<IReadOnlyList<string>> rows)
    {
        string Cells(string tag, IReadOnlyList<string> cells) =>
            string.Concat(cells.Select((c, i) => $"<{tag}{(heads[i].EndsWith('>') ? " class=number" : "")}>{Escape(c)}</{tag}>"));
        var body = string.Concat(rows.Select(r => $"<tr>{Cells("td", r)}</tr>\n"));
        return $"<table><thead><tr>{Cells("th", [.. heads.Select(h => h.TrimEnd('>'))])}</tr></thead>\n<tbody>{body}</tbody></table>\n";
    }
}
