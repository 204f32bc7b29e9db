using FlashRt.GraphRewriter.Ir.Inference;

namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// <c>e = exp(x − max(x));  e / sum(e)</c> over one axis becomes Softmax(x) where it weighs something, as in attention. ONNX Runtime writes
/// a float16 Softmax out like this, for which its CPU provider has no kernel.
/// </summary>
public sealed class JoinSoftmax : IPass
{
    /// <inheritdoc/>
    public string Name => "Join softmax";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var joined = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node is not { OpType: "Div", Domain: "", Outputs: [{ } y] } || Read(node) is not var (x, axis) || !Weighs(y)) continue;
            var softmax = GraphEdit.Node("Softmax", node.Proto.Name, y.Name, x.Name);
            softmax.Attribute.Add(Attributes.Make("axis", axis));
            edit.Replace(node, softmax);
            joined++;
        }
        return edit.Apply(joined);
    }

    private static (Value X, long Axis)? Read(Node quotient)
    {
        if (Made("Exp", quotient.Input(0)) is not { } exp || Made("Sub", exp.Input(0)) is not { } shifted) return null;
        if (Made("ReduceSum", quotient.Input(1)) is not { } sum || Made("ReduceMax", shifted.Input(1)) is not { } max) return null;
        if (sum.Input(0) != quotient.Input(0) || shifted.Input(0) is not { Shape: { } shape } x || max.Input(0) != x) return null;
        // Before opset 13 Softmax took all axes from its own on as one.
        return Axis(sum, shape.Rank) is { } axis && Axis(max, shape.Rank) == axis && (x.Graph.Opset >= 13 || axis == shape.Rank - 1)
            ? (x, axis == shape.Rank - 1 ? -1 : axis) : null;
    }

    // A product takes it, perhaps after a cast or a guard against rows without a number.
    private static bool Weighs(Value y, int steps = 4) => y.Consumers.Any(c => c is { OpType: "MatMul" or "Einsum", Domain: "" }
        || (steps > 0 && c is { OpType: "Cast" or "Where" or "Reshape" or "Slice" or "Dropout" or "Identity", Domain: "", Outputs: [{ } next, ..] } && Weighs(next, steps - 1)));

    private static Node? Made(string op, Value? value) => value?.Producer is { Domain: "" } node && node.OpType == op ? node : null;

    private static long? Axis(Node reduce, int rank) =>
        reduce.Int("keepdims", 1) != 0 && (reduce.Input(1) is not { } axes || axes.Integers is not null) && Reduction.Axes(reduce, rank) is [var axis] ? axis : null;
}
