using FlashRt.GraphRewriter.Ir.Inference;

namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// --repair: where a node mixes element types that ONNX Runtime refuses, inserts the casts that PyTorch's type promotion implies, and says
/// so. Graph inputs and outputs keep their types; type notes that the casts made untrue are dropped.
/// </summary>
public sealed class RepairTypes : IPass
{
    /// <inheritdoc/>
    public string Name => "Repair types";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        if (!context.Options.Repair) return 0;
        var model = context.Model;
        var most = model.Graph.Nodes.Count;
        for (var round = 0; round < most; round++)
        {
            if (model.Graph.Nodes.FirstOrDefault(n => TypeCheck.Mixed(n, runtime: true) is { } inputs && IsRepairable(n, inputs)) is not { } node) break;
            Repair(node, context);
            model.Invalidate();  // what follows may have another type now
        }
        if (context.Repairs.Count == 0) return 0;
        foreach (var output in model.Proto.Graph.Output.ToList()) KeepType(output, context);
        model.Invalidate();
        DropUntrueNotes(model);
        return context.Repairs.Count;
    }

    private static bool IsRepairable(Node node, int[] inputs) =>
        inputs.All(i => node.Inputs[i]!.Type is var t && (t.IsFloat() || t.IsInteger() || t == DataType.Bool));

    private static void Repair(Node node, PassContext context)
    {
        var inputs = TypeCheck.Mixed(node, runtime: true)!;
        var type = Promotion.Of([.. inputs.Select(i => node.Inputs[i]!)]);
        var result = node.Outputs.FirstOrDefault();
        var before = result?.Type;
        foreach (var i in inputs.Where(i => node.Inputs[i]!.Type != type))
        {
            var value = node.Inputs[i]!;
            context.Repairs.Add(new Repair(node.Name, $"{node.OpType} now reads '{value.Name}' cast from {value.Type.Name()} to {type.Name()}"));
            node.Proto.Input[i] = Cast(value.Graph, value.Name, type, node.Proto);
        }
        // RMSNormalization gives the type of its scale, whatever x is.
        if (node.OpType != "RMSNormalization" || result is null || before is not { } wanted || wanted == type || !wanted.IsFloat()) return;
        context.Repairs.Add(new Repair(node.Name, $"the result of {node.OpType} is cast back to {wanted.Name()}"));
        var wide = result.Graph.FreeName($"{result.Name}.{type.Name()}");
        node.Proto.Output[0] = wide;
        var nodes = result.Graph.Proto.Node;
        nodes.Insert(nodes.IndexOf(node.Proto) + 1, Node(wide, result.Name, wanted));
    }

    // One cast of a value to a type, wherever it is needed.
    private static string Cast(Graph graph, string value, DataType type, NodeProto before)
    {
        var name = $"{value}.{type.Name()}";
        if (graph.Find(name) is { Producer: { OpType: "Cast" } cast } && cast.Input(0)?.Name == value && graph.Find(name)!.Type == type) return name;
        name = graph.FreeName(name);
        if (graph.Proto.Node.Any(n => n.Output.Contains(name))) return name;  // made for another input of the same node
        graph.Proto.Node.Insert(graph.Proto.Node.IndexOf(before), Node(value, name, type));
        return name;
    }

    private static NodeProto Node(string from, string to, DataType type) => new()
    {
        OpType = "Cast", Name = to, Input = { from }, Output = { to }, Attribute = { Attributes.Make("to", (long)type) },
    };

    private static void KeepType(ValueInfoProto output, PassContext context)
    {
        var graph = context.Model.Graph;
        var value = graph.Find(output.Name)!;
        if (output.Type?.TensorType is not { } declared || value.Producer is null || value.Type == DataType.Undefined || value.Type == (DataType)declared.ElemType) return;
        var inner = graph.FreeName($"{value.Name}.{value.Type.Name()}");
        context.Repairs.Add(new Repair(value.Producer.Name, $"the graph output '{value.Name}' is cast from {value.Type.Name()} to {((DataType)declared.ElemType).Name()}, its declared type"));
        foreach (var node in graph.Proto.Node)
            foreach (var list in new[] { node.Input, node.Output })
                for (var i = 0; i < list.Count; i++)
                    if (list[i] == value.Name) list[i] = inner;
        graph.Proto.Node.Add(Node(inner, value.Name, (DataType)declared.ElemType));
        context.Model.Invalidate();
    }

    private static void DropUntrueNotes(OnnxModel model)
    {
        var notes = model.Proto.Graph.ValueInfo;
        ValueInfoProto[] kept = [.. notes.Where(v => v.Type?.TensorType is not { } t || model.Graph.Find(v.Name) is not { } value
            || value.Type == DataType.Undefined || value.Type == (DataType)t.ElemType)];
        if (kept.Length == notes.Count) return;
        notes.Clear();
        notes.AddRange(kept);
    }
}
