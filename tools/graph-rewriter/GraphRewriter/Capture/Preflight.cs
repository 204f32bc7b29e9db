using FlashRt.GraphRewriter.Passes;
using FlashRt.Onnx.Catalog;

namespace FlashRt.GraphRewriter.Capture;

/// <summary>Says before anything is loaded whether a model can be captured in a CUDA graph.</summary>
public static class Preflight
{
    private const string MakeStatic = "give its dynamic axes sizes with 'flashrt rewrite --shape', so that what depends on shapes is folded away";

    private const string OnlyReplays = "let the session run nothing but the replays, as FlashRtSession does";

    /// <summary>Examines the main graph and the functions it calls.</summary>
    public static PreflightReport Of(OnnxModel model)
    {
        var graph = model.Graph;
        var placement = new Placement(graph);
        var fed = FedValues(graph, placement);
        var rewritten = graph.Nodes.Any(n => n.Domain == FusedSites.Domain);
        string[] open = [.. graph.Proto.Input.Where(i => graph.Find(i.Name)!.Initializer is null)
            .SelectMany(i => i.Type?.TensorType?.Shape?.Dim ?? []).Where(d => !d.HasDimValue).Select(d => d.HasDimParam ? d.DimParam : "?").Distinct()];
        return new PreflightReport(model.Path ?? "")
        {
            Nodes = graph.Nodes.Count,
            ShapeNodes = graph.Nodes.Count(n => placement[n] == NodePlace.Cpu && !n.Outputs.Any(o => o is not null && fed.Contains(o))),
            DynamicAxes = open,
            Blockers = [.. Blockers(model, placement)],
            Unsafe = [.. graph.Nodes.Where(n => placement[n] == NodePlace.Cuda && IsStaged(n)).Select(n => new PreflightIssue(n.Name, n.OpType,
                CaptureHazards.StagedReason(CaptureHazards.Described.ToString()), Advice(n.OpType, rewritten, isOpen: open.Length > 0)))],
            Frozen = [.. Frozen(graph, placement, fed)],
        };
    }

    // What a rewrite makes of the op: one of ours for Concat, Split and ScatterND; others only go where sizes are known.
    private static string Advice(string op, bool rewritten, bool isOpen) => op switch
    {
        "Concat" or "Split" or "ScatterND" when rewritten => $"'flashrt explain' says why the rewrite did not replace it; or {OnlyReplays}",
        "Concat" or "Split" or "ScatterND" or "MatMul" when !rewritten => $"'flashrt rewrite' replaces it; or {OnlyReplays}",
        _ when isOpen && rewritten => $"rewrite the original again with sizes for its dynamic axes ('--shape'), so that what depends on shapes is folded away; or {OnlyReplays}",
        _ when isOpen => $"{MakeStatic}; or {OnlyReplays}",
        _ => OnlyReplays,
    };

    /// <summary>Whether the node, on CUDA, multiplies or moves data through staged addresses.</summary>
    internal static bool IsStaged(Node node) => node.Domain.Length == 0 && (CaptureHazards.StagesAddresses(node.OpType) || IsBroadcastMatMul(node));

    /// <summary>Whether the node is a MatMul whose batch axes provably differ.</summary>
    internal static bool IsBroadcastMatMul(Node node) => node.OpType == "MatMul" && Batch(node.Input(0)) is { } left && Batch(node.Input(1)) is { } right
        && CaptureHazards.IsBroadcastMatMul(left, right);

    private static long[]? Batch(Value? value) => value?.Shape?.SkipLast(2).Select(d => d.Value ?? -1).ToArray() is { } batch && !batch.Contains(-1) ? batch : null;

    private static IEnumerable<PreflightIssue> Blockers(OnnxModel model, Placement placement)
    {
        foreach (var node in model.Graph.Nodes.Where(n => placement[n] != NodePlace.Folded))
        {
            if (Forbidden(model, node.Proto, []) is { } inner)
                yield return new PreflightIssue(node.Name, node.OpType, Reason(inner, node.Proto), Advice(inner));
            else if (placement[node] == NodePlace.Cpu && node.Domain.Length == 0 && CaptureHazards.IsCpuOnly(node.OpType))
                yield return new PreflightIssue(node.Name, node.OpType, "ONNX Runtime's CUDA provider has no kernel for it, so it runs on the CPU; a graph holds GPU work only",
                    "compute it before the model, or replace the op in the exporting code");
            foreach (var copy in Copies(node, placement)) yield return copy;
        }
    }

    // A node of the graph, or of the functions it calls, that no capture can hold.
    private static NodeProto? Forbidden(OnnxModel model, NodeProto node, HashSet<FunctionProto> seen)
    {
        if (node.Domain is "" or "ai.onnx") return CaptureHazards.IsControlFlow(node.OpType) || CaptureHazards.IsDataSized(node.OpType) ? node : null;
        return node.Domain != FusedSites.Domain && FunctionCall.Find(model.Proto, node) is { } function && seen.Add(function)
            ? function.Node.Select(n => Forbidden(model, n, seen)).FirstOrDefault(n => n is not null) : null;
    }

    private static string Reason(NodeProto inner, NodeProto node) =>
        (ReferenceEquals(inner, node) ? "" : $"its function holds {inner.OpType} '{inner.Name}': ")
        + (CaptureHazards.IsControlFlow(inner.OpType) ? CaptureHazards.ControlFlowReason : CaptureHazards.DataSizedReason);

    private static string Advice(NodeProto inner) => CaptureHazards.IsControlFlow(inner.OpType)
        ? $"export with a fixed path, or {MakeStatic}; a loop over steps belongs into the program around the graph"
        : $"export a form whose sizes do not depend on data, such as a mask, or {MakeStatic}";

    // A value that one side makes and the other reads needs a copy, and ONNX Runtime captures no graph with copies.
    private static IEnumerable<PreflightIssue> Copies(Node node, Placement placement)
    {
        for (var i = 0; i < node.Inputs.Count; i++)
        {
            if (node.Inputs[i] is not { Producer: { } producer } value || placement.IsKnown(value) || Placement.IsShapeOp(node)) continue;
            if (placement.IsOnHost(value) == placement.ReadsOnHost(node, i)) continue;
            var (from, to) = placement.IsOnHost(value) ? ("CPU", "GPU") : ("GPU", "CPU");
            yield return new PreflightIssue(node.Name, node.OpType,
                $"reads '{value.Name}' on the {to}, which {producer.OpType} '{producer.Name}' makes on the {from}; a graph holds GPU work only, with no copy between CPU and GPU", MakeStatic);
        }
        foreach (var value in node.Inputs.OfType<Value>().Distinct().Where(v => v is { IsInput: true, Producer: null } && !placement.IsKnown(v)))
        {
            var reads = value.Uses.Where(u => u.Input >= 0 && placement[u.Node] != NodePlace.Folded && !Placement.IsShapeOp(u.Node)).ToList();
            var onHost = reads.Where(u => placement.ReadsOnHost(u.Node, u.Input)).Select(u => u.Node).FirstOrDefault();
            var onGpu = reads.Where(u => !placement.ReadsOnHost(u.Node, u.Input)).Select(u => u.Node).FirstOrDefault();
            if (onGpu is not null && onHost == node)
                yield return new PreflightIssue(node.Name, node.OpType, $"reads the graph input '{value.Name}' on the CPU, while {onGpu.OpType} '{onGpu.Name}' reads it on the GPU", MakeStatic);
        }
    }

    // Values that follow from what the caller feeds, not only from its shapes.
    private static HashSet<Value> FedValues(Graph graph, Placement placement)
    {
        var fed = graph.Values.Where(v => v.IsInput && v.Initializer is null).ToHashSet();
        foreach (var node in graph.Nodes.Where(n => placement[n] != NodePlace.Folded && !Placement.IsShapeOp(n)))
            if (node.Inputs.Concat(node.Captures).Any(i => i is not null && fed.Contains(i))) fed.UnionWith(node.Outputs.OfType<Value>());
        return fed;
    }

    private static IEnumerable<PreflightIssue> Frozen(Graph graph, Placement placement, HashSet<Value> fed)
    {
        foreach (var node in graph.Nodes.Where(n => placement[n] != NodePlace.Folded && !Placement.IsShapeOp(n)))
        {
            var read = node.Inputs.Where((v, i) => v is not null && fed.Contains(v) && placement.ReadsOnHost(node, i)).FirstOrDefault();
            if (read is null) continue;
            yield return new PreflightIssue(node.Name, node.OpType, $"reads '{read.Name}' on the CPU, so replays keep the value that it had at capture",
                "make the value a constant, or compute what depends on it before the model; capture once for each value that occurs");
        }
    }
}
