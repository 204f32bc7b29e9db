namespace FlashRt.GraphRewriter.Ir;

/// <summary>
/// Evaluates small computations on constants: what exporters leave unfolded and rules need to look through (1 + w, table slices,
/// shape arithmetic). Floats are computed in double and rounded to the node's type once.
/// </summary>
internal static class ConstantEvaluator
{
    /// <summary>Larger results are left to the runtime: folding must never cost the memory that external data saves.</summary>
    public const long MostElements = 1 << 20;

    public static ConstantTensor? Evaluate(Value value)
    {
        if (value.Initializer is { } tensor) return value.IsInput ? null : value.Graph.Read(tensor);
        if (value.Producer is not { } node || node.Domain.Length > 0 || node.Outputs.Count != 1) return null;
        try
        {
            return node.OpType switch
            {
                "Constant" => ConstantNode.Read(node, value.Graph),
                "Shape" => ShapeOf(node),
                _ => node.Inputs.All(i => i is null || IsSmall(i)) ? Apply(node) : null,
            };
        }
        catch (Exception e) when (e is NotSupportedException or InvalidOperationException or OverflowException or ArgumentException or IndexOutOfRangeException)
        {
            return null;  // an op used in a way this evaluator does not cover: simply not a constant
        }
    }

    /// <summary>The number of elements, refused where folding would be too large.</summary>
    public static int Bounded(IEnumerable<long> dims)
    {
        var count = ConstantLayout.Count(dims);
        return count <= MostElements ? (int)count : throw new NotSupportedException();
    }

    // Size first: a large weight is not even mapped.
    private static bool IsSmall(Value input) => (input.Initializer is not { } t || ConstantLayout.Count(t.Dims) <= MostElements)
        && input.Constant is { } c && c.Count <= MostElements && (c.Type.IsFloat() || c.Type.IsInteger() || c.Type == DataType.Bool);

    private static ConstantTensor? ShapeOf(Node node)
    {
        if (node.Input(0)?.Shape?.Static() is not { } dims) return null;
        var from = Clamp(node.Int("start", 0), dims.Length);
        var to = Clamp(node.Int("end", dims.Length), dims.Length);
        long[] part = dims[from..Math.Max(from, to)];
        return ConstantTensor.From(DataType.Int64, [part.Length], part);
    }

    private static int Clamp(long index, int rank) => (int)Math.Clamp(index < 0 ? index + rank : index, 0, rank);

    private static ConstantTensor? Apply(Node node)
    {
        ConstantTensor In(int i) => node.Input(i)?.Constant ?? throw new NotSupportedException();
        long[]? Ints(int i, string attribute) => node.Input(i) is not null ? In(i).ReadAsInt64() : node.Ints(attribute);
        long[] Needed(int i, string attribute) => Ints(i, attribute) ?? throw new NotSupportedException();
        return node.OpType switch
        {
            "Identity" => In(0),
            "Cast" => ConstantMath.Cast(In(0), (DataType)node.Int("to", 0)),
            "Neg" or "Sqrt" or "Reciprocal" or "Exp" or "Log" or "Sin" or "Cos" or "Abs" or "Floor" or "Ceil" or "Tanh" or "Sigmoid"
                => ConstantMath.Unary(node.OpType, In(0)),
            "Add" or "Sub" or "Mul" or "Div" or "Pow" or "Min" or "Max" => ConstantMath.Binary(node.OpType, In(0), In(1)),
            "Reshape" => ConstantLayout.Reshape(In(0), In(1).ReadAsInt64(), node.Int("allowzero", 0) != 0),
            "Unsqueeze" => ConstantLayout.Unsqueeze(In(0), Needed(1, "axes")),
            "Squeeze" => ConstantLayout.Squeeze(In(0), Ints(1, "axes")),
            "Transpose" => ConstantLayout.Transpose(In(0), node.Ints("perm")),
            "Concat" => ConstantLayout.Concat([.. node.Inputs.Select((_, i) => In(i))], (int)node.Int("axis", 0)),
            "Slice" => ConstantLayout.Slice(In(0), Needed(1, "starts"), Needed(2, "ends"), Ints(3, "axes"), Ints(4, "steps")),
            "Gather" => ConstantLayout.Gather(In(0), In(1), (int)node.Int("axis", 0)),
            "Expand" => ConstantLayout.Expand(In(0), In(1).ReadAsInt64()),
            "Range" => ConstantMath.Range(In(0), In(1), In(2)),
            "ConstantOfShape" => ConstantMath.Fill(In(0).ReadAsInt64(), node.Attribute("value")?.T is { } t ? node.Outputs[0]!.Graph.Read(t) : null),
            _ => null,
        };
    }
}
