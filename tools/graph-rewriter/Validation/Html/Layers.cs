using System.Globalization;
using System.Text.RegularExpressions;

namespace FlashRt.Validation.Html;

/// <summary>
/// Sorts the nodes of a graph into the layers of the model. Exporters number them in the names of weights (model.layers.3.mlp.weight)
/// or of nodes (/encoder/layer.3/MatMul) or in the scopes noted with them; a node without such a name belongs to the latest layer that
/// it depends on. Where nothing is numbered, a layer reaches from one attention to the next.
/// </summary>
internal static partial class Layers
{
    /// <summary>Nodes that come before every layer, or a graph without numbered names.</summary>
    public const int Shared = -1;

    private static readonly HashSet<string> Attentions = ["Softmax", "SoftmaxRows", "Attention", "MultiHeadAttention", "GroupQueryAttention"];

    public static IReadOnlyList<(int Layer, IReadOnlyList<Node> Nodes)> Of(Graph graph)
    {
        var layers = Sort(graph, (node, before) => Math.Max(before, Number(node)));
        if (layers.Values.All(l => l == Shared)) layers = Sort(graph, (node, before) => Attentions.Contains(node.OpType) ? before + 1 : before);
        return [.. layers.GroupBy(l => l.Value, l => l.Key).OrderBy(g => g.Key).Select(g => (g.Key, (IReadOnlyList<Node>)[.. g.OrderBy(n => n.Index)]))];
    }

    public static string Title(int layer) => layer == Shared ? "before the layers" : $"layer {layer}";

    private static Dictionary<Node, int> Sort(Graph graph, Func<Node, int, int> layerOf)
    {
        var layers = new Dictionary<Node, int>();
        foreach (var node in graph.Nodes.Where(n => n.OpType != "Constant"))
            layers[node] = layerOf(node, node.Inputs.OfType<Value>().Select(i => i.Producer is { } p ? layers.GetValueOrDefault(p, Shared) : Shared).DefaultIfEmpty(Shared).Max());
        return layers;
    }

    private static int Number(Node node) => node.Inputs.Where(i => i is { Producer: null, Initializer: not null }).Select(i => i!.Name)
        .Concat(node.Proto.MetadataProps.Where(m => m.Key is "namespace" or "pkg.torch.onnx.name_scopes").Select(m => m.Value)).Append(node.Proto.Name).Max(Number);

    private static int Number(string name) =>
        Numbered().Match(name) is { Success: true } match && int.TryParse(match.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : Shared;

    [GeneratedRegex(@"[./](\d{1,4})(?=[./:'])")]
    private static partial Regex Numbered();
}
