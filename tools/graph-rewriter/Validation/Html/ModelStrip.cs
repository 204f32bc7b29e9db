using System.Text;
using static FlashRt.Validation.Html.HtmlText;

namespace FlashRt.Validation.Html;

/// <summary>The whole model at a glance: a line for each layer, a tile for each node, before above after.</summary>
internal static class ModelStrip
{
    private const int Tile = 7, Left = 110, RowHeight = 22, MostTiles = 160;

    public static string Svg(Graph before, Graph after)
    {
        var rows = Layers.Of(before).ToDictionary(l => l.Layer, l => (Before: l.Nodes, After: (IReadOnlyList<Node>)[]));
        foreach (var (layer, nodes) in Layers.Of(after)) rows[layer] = (rows.TryGetValue(layer, out var row) ? row.Before : [], nodes);
        if (rows.Count == 0) return "<p>The graph has no nodes.</p>";
        var svg = new StringBuilder();
        var y = 0;
        foreach (var (layer, (b, a)) in rows.OrderBy(r => r.Key))
        {
            svg.Append($"<text x=\"0\" y=\"{y + 13}\">{Escape(Layers.Title(layer))}</text>");
            Line(svg, b, y);
            Line(svg, a, y + Tile + 2);
            y += RowHeight;
        }
        var width = Left + 40 + Tile * Math.Min(MostTiles, rows.Values.Max(r => Math.Max(r.Before.Count, r.After.Count)));
        return $"<svg class=strip viewBox=\"0 0 {width} {y}\" width=\"{width}\" height=\"{y}\" role=img aria-label=\"nodes by layer, before above after\">{svg}</svg>\n";
    }

    private static void Line(StringBuilder svg, IReadOnlyList<Node> nodes, int y)
    {
        for (var i = 0; i < Math.Min(nodes.Count, MostTiles); i++)
            svg.Append($"<rect class=\"{NodeKind.Of(nodes[i])}\" x=\"{Left + i * Tile}\" y=\"{y}\" width=\"{Tile - 1}\" height=\"{Tile}\"><title>{Escape($"{nodes[i].OpType} '{nodes[i].Name}'")}</title></rect>");
        svg.Append($"<text class=count x=\"{Left + Math.Min(nodes.Count, MostTiles) * Tile + 4}\" y=\"{y + Tile}\">{nodes.Count}</text>");
    }
}
