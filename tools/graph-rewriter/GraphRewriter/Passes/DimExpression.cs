using System.Globalization;

namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// The size of an axis that exporters write as a formula of others: <c>past + seq</c>, <c>2*seq</c>, <c>(h//14)*(w//14)</c>,
/// <c>Max(1, seq)</c>.
/// </summary>
internal sealed class DimExpression
{
    private readonly List<string> tokens = [];
    private readonly IReadOnlyDictionary<string, long> sizes;
    private int next;

    private DimExpression(string text, IReadOnlyDictionary<string, long> sizes)
    {
        this.sizes = sizes;
        for (var i = 0; i < text.Length;)
        {
            var start = i;
            if (char.IsWhiteSpace(text[i])) { i++; continue; }
            if (IsName(text[i])) while (i < text.Length && IsName(text[i])) i++;
            else i += text.AsSpan(i).StartsWith("//") ? 2 : 1;
            tokens.Add(text[start..i]);
        }
    }

    /// <summary>The names in the formula.</summary>
    public static IEnumerable<string> Names(string text) =>
        new DimExpression(text, new Dictionary<string, long>()).tokens.Where(t => IsName(t[0]) && !char.IsDigit(t[0]));

    /// <summary>The size; null when a name is not among the given ones or the text is no formula.</summary>
    public static long? Evaluate(string text, IReadOnlyDictionary<string, long> sizes)
    {
        if (sizes.TryGetValue(text, out var size)) return size;
        var expression = new DimExpression(text, sizes);
        return expression.Sum() is { } value && expression.next == expression.tokens.Count ? value : null;
    }

    private long? Sum()
    {
        var value = Product();
        while (value is not null && (Take("+") ? 1 : Take("-") ? -1 : 0) is var sign && sign != 0) value += sign * Product();
        return value;
    }

    private long? Product()
    {
        var value = Factor();
        while (value is not null)
        {
            if (Take("*")) value *= Factor();
            else if (Take("//") || Take("/")) value = Factor() is { } by && by != 0 ? (long)Math.Floor((double)value.Value / by) : null;
            else if (Take("%")) value = Factor() is { } by && by != 0 ? ((value % by) + by) % by : null;
            else break;
        }
        return value;
    }

    private long? Factor()
    {
        if (Take("-")) return -Factor();
        if (Take("(")) return Sum() is { } inner && Take(")") ? inner : null;
        if (next >= tokens.Count) return null;
        var token = tokens[next++];
        if (long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var number)) return number;
        if (token is "Max" or "Min" or "max" or "min" && Take("("))
        {
            var value = Sum();
            while (value is not null && Take(",")) value = Sum() is not { } other ? null : token is "Max" or "max" ? Math.Max(value.Value, other) : Math.Min(value.Value, other);
            return value is not null && Take(")") ? value : null;
        }
        if (token is "floor" && Take("(")) return Sum() is { } floor && Take(")") ? floor : null;
        return sizes.TryGetValue(token, out var size) ? size : null;
    }

    private bool Take(string token)
    {
        if (next >= tokens.Count || tokens[next] != token) return false;
        next++;
        return true;
    }

    private static bool IsName(char c) => char.IsLetterOrDigit(c) || c is '_' or '.' or '$';
}
