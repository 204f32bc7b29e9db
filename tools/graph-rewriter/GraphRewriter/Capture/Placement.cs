using FlashRt.Onnx.Catalog;

namespace FlashRt.GraphRewriter.Capture;

/// <summary>
/// Predicts where ONNX Runtime places each node of a CUDA session. It folds what depends on constants and static shapes alone, gives
/// the rest to CUDA where there is a kernel, and then takes back to the CPU what computes with shapes: nodes behind a Shape whose
/// inputs are all on the CPU, small constants or graph inputs (GetCpuPreferredNodes in its sources).
/// </summary>
public sealed class Placement
{
    // ONNX Runtime's limit for a constant that may come along to the CPU.
    private const long SmallConstant = 100;

    private readonly Dictionary<Node, NodePlace> places = [];
    private readonly HashSet<Value> folded = [];
    private readonly HashSet<Value> onHost = [];

    /// <summary>Places the nodes of the main graph.</summary>
    public Placement(Graph graph)
    {
        foreach (var node in graph.Nodes)
        {
            var fold = IsFolded(node);
            places[node] = fold ? NodePlace.Folded : HasCudaKernel(node) ? NodePlace.Cuda : NodePlace.Cpu;
            if (fold) folded.UnionWith(node.Outputs.OfType<Value>());
        }
        foreach (var node in graph.Nodes)
        {
            if (places[node] == NodePlace.Cuda && IsShapeOp(node)) onHost.UnionWith(node.Outputs.OfType<Value>());
            else if (places[node] == NodePlace.Cuda && BelongsToShapes(node)) Move(node);
        }
        foreach (var node in graph.Nodes.Where(n => places[n] == NodePlace.Cpu)) onHost.UnionWith(node.Outputs.OfType<Value>());
    }

    /// <summary>The node's place.</summary>
    public NodePlace this[Node node] => places[node];

    /// <summary>Whether the value is known when the session is made.</summary>
    public bool IsKnown(Value value) => folded.Contains(value) || (value.Initializer is not null && !value.IsInput);

    /// <summary>Whether a node leaves the value in host memory.</summary>
    public bool IsOnHost(Value value) => onHost.Contains(value);

    /// <summary>Whether the node reads the value in host memory.</summary>
    public bool ReadsOnHost(Node node, int input) => places[node] == NodePlace.Cpu || (node.Domain.Length == 0 && CaptureHazards.ReadsOnHost(node.OpType, input));

    /// <summary>Whether the node needs no more than the shape of its input.</summary>
    public static bool IsShapeOp(Node node) => node.Domain.Length == 0 && node.OpType is "Shape" or "Size";

    private bool IsFolded(Node node) => node.Domain.Length == 0 && node.Captures.Count == 0 && !CaptureHazards.IsControlFlow(node.OpType)
        && !node.OpType.StartsWith("Random", StringComparison.Ordinal)
        && (node.Inputs.All(i => i is null || IsKnown(i)) || (node.OpType == "Shape" && node.Input(0)?.Shape?.Static() is not null));

    private static bool HasCudaKernel(Node node) => node.Domain is not ("" or "ai.onnx.ml" or "ai.onnx.preview.training")
        || (node.Domain.Length == 0 && !CaptureHazards.IsCpuOnly(node.OpType) && node.Inputs.All(i => i?.Type != DataType.String));

    private bool BelongsToShapes(Node node)
    {
        if (!node.Inputs.Any(i => i is not null && onHost.Contains(i))) return false;
        for (var i = 0; i < node.Inputs.Count; i++)
        {
            if (node.Inputs[i] is not { } input) continue;
            if (input.Type is DataType.Float16 or DataType.Bfloat16 || input.Type.ToString().StartsWith("Float8", StringComparison.Ordinal)) return false;
            if (input.IsInput || (IsKnown(input) && input.Shape?.Static() is { Length: < 2 } dims && dims.Aggregate(1L, (n, d) => n * d) <= SmallConstant)) continue;
            if (!onHost.Contains(input) || ReadsOnHost(node, i)) return false;
        }
        return true;
    }

    private void Move(Node node)
    {
        places[node] = NodePlace.Cpu;
        onHost.UnionWith(node.Outputs.OfType<Value>());
    }
}
