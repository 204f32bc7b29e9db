using System.Text;
using static FlashRt.Validation.Html.HtmlText;

namespace FlashRt.Validation.Html;

/// <summary>One layer as a drawing: nodes in rows by their longest path from the layer's inputs, lines from producers to readers.</summary>
internal sealed class LayerPicture
{
    private const double RowHeight = 34, BoxHeight = 20, Gap = 10, LetterWidth = 6.4;

    private readonly Dictionary<Node, (double X, double Y, double Width)> boxes = [];

    private LayerPicture(IReadOnlyList<Node> nodes)
    {
        var inside = nodes.ToHashSet();
        var rows = new Dictionary<Node, int>();
        foreach (var node in nodes) rows[node] = 1 + Producers(node).Where(inside.Contains).Select(p => rows.GetValueOrDefault(p)).DefaultIfEmpty(0).Max();
        foreach (var row in nodes.GroupBy(n => rows[n]).OrderBy(g => g.Key)) Place(row, row.Key);
    }

    public static string Svg(IReadOnlyList<Node> nodes, string label)
    {
        if (nodes.Count == 0) return "<p>no nodes</p>";
        var picture = new LayerPicture(nodes);
        return picture.Draw(label);
    }

    // Each box goes under the middle of its producers, as far as the boxes to its left allow.
    private void Place(IEnumerable<Node> row, int index)
    {
        double Wanted(Node node) => Producers(node).Where(boxes.ContainsKey).Select(p => boxes[p].X + boxes[p].Width / 2).DefaultIfEmpty(0).Average();
        var free = double.NegativeInfinity;
        foreach (var (node, wanted) in row.Select(n => (n, Wanted(n))).OrderBy(p => p.Item2).ThenBy(p => p.n.Index))
        {
            var width = node.OpType.Length * LetterWidth + 14;
            var x = Math.Max(free, wanted - width / 2);
            boxes[node] = (x, (index - 1) * RowHeight, width);
            free = x + width + Gap;
        }
    }

    private string Draw(string label)
    {
        var left = boxes.Values.Min(b => b.X) - 4;
        double width = boxes.Values.Max(b => b.X + b.Width) - left + 4, height = boxes.Values.Max(b => b.Y) + RowHeight;
        var svg = new StringBuilder();
        foreach (var (node, to) in boxes)
            foreach (var producer in Producers(node).Where(boxes.ContainsKey).Distinct())
            {
                var from = boxes[producer];
                double x0 = from.X + from.Width / 2 - left, y0 = from.Y + BoxHeight + 2, x1 = to.X + to.Width / 2 - left, y1 = to.Y + 2, bend = Math.Min(30, (y1 - y0) / 2);
                svg.Append($"<path d=\"M{Number(x0)} {Number(y0)}C{Number(x0)} {Number(y0 + bend)} {Number(x1)} {Number(y1 - bend)} {Number(x1)} {Number(y1)}\"/>");
            }
        foreach (var (node, box) in boxes)
        {
            var shape = node.Outputs.FirstOrDefault(o => o is not null)?.Shape?.ToString() ?? "";
            svg.Append($"<g class=\"{NodeKind.Of(node)}\"><title>{Escape($"{node.OpType} '{node.Name}' {shape}")}</title>")
                .Append($"<rect x=\"{Number(box.X - left)}\" y=\"{Number(box.Y + 2)}\" width=\"{Number(box.Width)}\" height=\"{BoxHeight}\" rx=\"4\"/>")
                .Append($"<text x=\"{Number(box.X - left + box.Width / 2)}\" y=\"{Number(box.Y + 16)}\">{Escape(node.OpType)}</text></g>");
        }
        return $"<svg class=layer viewBox=\"0 0 {Number(width)} {Number(height)}\" width=\"{Number(width)}\" height=\"{Number(height)}\" role=img aria-label=\"{Escape(label)}\">{svg}</svg>";
    }

    private static IEnumerable<Node> Producers(Node node) => node.Inputs.Where(i => i?.Producer is not null).Select(i => i!.Producer!);
}
