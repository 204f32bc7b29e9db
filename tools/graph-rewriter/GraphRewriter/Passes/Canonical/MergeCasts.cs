namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Reads past a Cast that loses nothing: <c>Cast(Cast(x: float16 → float32): float32 → bfloat16)</c> is one Cast of x, and none where x
/// has the type already. A narrowing first Cast rounds, so it stays. IsNaN reads past any Cast between float types: none makes or loses a NaN.
/// </summary>
public sealed class MergeCasts : IPass
{
    // Each type holds every value of those listed.
    private static readonly Dictionary<DataType, DataType[]> Holds = new()
    {
        [DataType.Float] = [DataType.Float16, DataType.Bfloat16, DataType.Int8, DataType.Uint8, DataType.Int16, DataType.Uint16, DataType.Bool],
        [DataType.Double] = [DataType.Float, DataType.Float16, DataType.Bfloat16, DataType.Int8, DataType.Uint8, DataType.Int16, DataType.Uint16,
            DataType.Int32, DataType.Uint32, DataType.Bool],
        [DataType.Float16] = [DataType.Int8, DataType.Uint8, DataType.Bool],
        [DataType.Bfloat16] = [DataType.Bool],
        [DataType.Int64] = [DataType.Int32, DataType.Uint32, DataType.Int16, DataType.Uint16, DataType.Int8, DataType.Uint8, DataType.Bool],
        [DataType.Int32] = [DataType.Int16, DataType.Uint16, DataType.Int8, DataType.Uint8, DataType.Bool],
    };

    /// <inheritdoc/>
    public string Name => "Merge casts";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var merged = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node is { OpType: "IsNaN", Domain: "", Inputs: [{ Type: var tested, Producer: { OpType: "Cast", Domain: "" } cast }] } && tested.IsFloat()
                && cast.Input(0) is { } source && source.Type.IsFloat())
            {
                var test = node.Proto.Clone();
                test.Input[0] = source.Name;
                edit.Replace(node, test);
                merged++;
                continue;
            }
            if (node is not { OpType: "Cast", Domain: "" } || node.Input(0)?.Producer is not { OpType: "Cast", Domain: "" } first) continue;
            if (node.Outputs is not [{ } y] || first.Input(0) is not { } x || !Holds.GetValueOrDefault(first.Outputs[0]!.Type, []).Contains(x.Type)) continue;
            if (y.Type == x.Type)
            {
                if (!edit.Forward(y, x)) continue;
                edit.Replace(node);
            }
            else
            {
                var direct = node.Proto.Clone();
                direct.Input[0] = x.Name;
                edit.Replace(node, direct);
            }
            merged++;
        }
        return edit.Apply(merged);
    }
}
