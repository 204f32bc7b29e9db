using FlashRt.GraphRewriter.Rules.Heads;

namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Takes back what ONNX Runtime does to a float16 attention for its CPU provider, which has few float16 kernels: the scores are computed in
/// float32 from rotated heads that were widened and from a mask of wide numbers, and only the probabilities are float16 again. The mask
/// becomes a float16 one that is widened, which is the same; the rotated heads are rounded to float16, as the export had them.
/// </summary>
public sealed class NarrowAttention : IPass
{
    private const int MostSteps = 16;

    /// <inheritdoc/>
    public string Name => "Narrow attention";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var changed = 0;
        foreach (var product in edit.Graph.Nodes)
        {
            if (product is not { OpType: "MatMul", Domain: "", Inputs: [{ } q, { } k], Outputs: [{ Type: DataType.Float } scores] } || Follow(scores) is not var (type, masks)) continue;
            foreach (var operand in new[] { q, k })
                if (Rotated(operand, product, type) is var (heads, reader) && !edit.IsGone(reader))
                {
                    edit.Replace(reader, Rounded(heads, reader, type, edit));
                    changed++;
                }
            foreach (var mask in masks.Where(m => !edit.IsGone(m) && Fits(m, type)))
            {
                edit.Replace(mask, Widened(mask, type, edit));
                changed++;
            }
        }
        return edit.Apply(changed);
    }

    // From the scores over a softmax to where the probabilities are narrow; the masks met on the way.
    private static (DataType Type, List<Node> Masks)? Follow(Value scores)
    {
        var masks = new List<Node>();
        var (at, softmax) = (scores, false);
        for (var step = 0; step < MostSteps; step++)
        {
            Node[] readers = [.. at.Consumers.Where(c => c is not { OpType: "IsNaN", Domain: "" })];
            if (at.IsOutput || readers is not [{ Domain: "", Outputs: [{ } next] } reader]) return null;
            switch (reader.OpType)
            {
                case "Cast":
                    return softmax && next.Type is DataType.Float16 or DataType.Bfloat16 ? (next.Type, masks) : null;
                case "Add":
                    if (reader.Inputs.FirstOrDefault(i => i != at)?.Producer is { OpType: "Where", Domain: "" } where) masks.Add(where);
                    break;
                case "Softmax":
                    softmax = true;
                    break;
                case not ("Mul" or "Div" or "Tanh" or "Where" or "Reshape"):
                    return null;
            }
            at = next;
        }
        return null;
    }

    // Heads rotated in float32 that were narrow before, and the node on the way to the product that reads them.
    private static (Value Heads, Node Reader)? Rotated(Value operand, Node product, DataType type)
    {
        if (TensorView.Fresh(operand) is not { } view) return null;
        var sources = Operand.Sources(view, scalars: true);
        if (sources.Any(s => s.View.Value.Type == type) || Rotation.Read(sources[^1].View.Value) is not ({ X.Producer: { OpType: "Cast", Domain: "" } cast }, _) || cast.Input(0)?.Type != type) return null;
        return (sources[^1].View.Value, sources.Count > 1 ? sources[^2].View.Value.Producer! : product);
    }

    private static NodeProto[] Rounded(Value heads, Node reader, DataType type, GraphEdit edit)
    {
        var writer = new NodeWriter(edit, heads);
        var wide = writer.Op("Cast", "wide", [writer.Op("Cast", "narrow", [heads.Name], [("to", (long)type)])], [("to", (long)heads.Type)]);
        var read = reader.Proto.Clone();
        for (var i = 0; i < read.Input.Count; i++)
            if (read.Input[i] == heads.Name) read.Input[i] = wide;
        writer.Add(read);
        return writer.Nodes;
    }

    // Two numbers that the narrow type has.
    private static bool Fits(Node where, DataType type) => where.Outputs[0]!.Type == DataType.Float && where.Outputs[0]!.Constant is null
        && where.Inputs.Skip(1).All(i => i?.Scalar is { } number && ConstantTensor.From(type, [], [number]).ReadAsDouble()[0].Equals(number));

    private static NodeProto[] Widened(Node where, DataType type, GraphEdit edit)
    {
        var (y, narrow) = (where.Outputs[0]!, where.Proto.Clone());
        var writer = new NodeWriter(edit, y);
        for (var i = 1; i < 3; i++)
            narrow.Input[i] = writer.Stored(i == 1 ? "set" : "unset", ConstantTensor.From(type, where.Input(i)!.Constant!.Dims, [where.Input(i)!.Scalar!.Value]));
        narrow.Output[0] = edit.FreeName($"{y.Name}.narrow");
        writer.Add(narrow);
        writer.Op("Cast", "", [narrow.Output[0]], [("to", (long)y.Type)], y);
        return writer.Nodes;
    }
}
