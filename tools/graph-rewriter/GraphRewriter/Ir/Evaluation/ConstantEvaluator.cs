namespace FlashRt.GraphRewriter.Ir.Evaluation;

/// <summary>
/// Evaluates computations on constants: what exporters leave unfolded and what becomes constant once the sizes are known (masks,
/// positions, rotary tables, shape arithmetic). Floats are computed in double and rounded to the node's type once.
/// </summary>
internal static class ConstantEvaluator
{
    /// <summary>Larger results are left to the runtime: folding must never cost the memory that external data saves.</summary>
    public const long MostElements = 1 << 22;

    /// <summary>Stored tensors above this are weights, which only <see cref="Selecting"/> operators read here.</summary>
    public const long MostStoredElements = 1 << 20;

    // A weight in another order or type is no news to anybody, only another copy.
    private const long MostCopiedElements = 1 << 16;

    private static readonly HashSet<string> Copying = ["Transpose", "Cast", "CastLike"];

    /// <summary>Operators that read no more of their first input than they give.</summary>
    public static readonly HashSet<string> Selecting = ["Gather", "Slice", "Split", "GatherND", "GatherElements"];

    private static readonly Dictionary<string, Func<Operands, ConstantTensor?>> Table = OperatorTable.Make();

    public static ConstantTensor? Evaluate(Value value)
    {
        if (value.Initializer is { } tensor) return value.IsInput ? null : value.Graph.Read(tensor);
        if (value.Producer is not { Domain: "" } node) return null;
        try
        {
            return node.OpType switch
            {
                "Constant" => ConstantNode.Read(node, value.Graph),
                "Shape" => ShapeOf(node),
                "Size" => node.Input(0)?.Shape?.Static() is { } dims ? ConstantTensor.From(DataType.Int64, [], [ConstantLayout.Count(dims)]) : null,
                var op => Table.TryGetValue(op, out var rule) && IsReady(node) ? rule(new Operands(node, node.Outputs.ToList().IndexOf(value))) : null,
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
        return count is >= 0 and <= MostElements ? (int)count : throw new NotSupportedException();
    }

    // Size first: a large weight is not even mapped.
    private static bool IsReady(Node node)
    {
        var most = Copying.Contains(node.OpType) ? MostCopiedElements : MostStoredElements;
        for (var i = 0; i < node.Inputs.Count; i++)
            if (node.Inputs[i] is { } input && !IsSmall(input, most, i == 0 && Selecting.Contains(node.OpType))) return false;
        return true;
    }

    private static bool IsSmall(Value input, long mostStored, bool selected) =>
        (selected || input.Initializer is not { } t || ConstantLayout.Count(t.Dims) <= mostStored)
        && input.Constant is { } c && (selected || c.Count <= MostElements) && (c.Type.IsFloat() || c.Type.IsInteger() || c.Type == DataType.Bool);

    private static ConstantTensor? ShapeOf(Node node)
    {
        if (node.Input(0)?.Shape?.Static() is not { } dims) return null;
        var from = Clamp(node.Int("start", 0), dims.Length);
        var to = Clamp(node.Int("end", dims.Length), dims.Length);
        long[] part = dims[from..Math.Max(from, to)];
        return ConstantTensor.From(DataType.Int64, [part.Length], part);
    }

    private static int Clamp(long index, int rank) => (int)Math.Clamp(index < 0 ? index + rank : index, 0, rank);
}
