namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>A node under inference: its inputs' types to read, its outputs' types to set.</summary>
internal sealed class InferenceContext(Node node)
{
    public Node Node => node;

    public DataType Type(int input) => node.Input(input)?.Type ?? DataType.Undefined;

    public Shape? Shape(int input) => node.Input(input)?.Shape;

    /// <summary>The first known type among the inputs: for operators whose inputs share one.</summary>
    public DataType CommonType => node.Inputs.Select(i => i?.Type ?? DataType.Undefined).FirstOrDefault(t => t != DataType.Undefined);

    /// <summary>Integers from an input if it is there, otherwise from the attribute (older opsets).</summary>
    public long[]? Ints(int input, string attribute) =>
        node.Input(input) is { } value ? value.Integers : node.Ints(attribute);

    public void Set(DataType type, Shape? shape, int output = 0)
    {
        if (output >= node.Outputs.Count || node.Outputs[output] is not { } value) return;
        if (type != DataType.Undefined) value.Type = type;
        if (shape is not null) value.Shape = shape;
    }

    /// <summary>Notes the sizes that an int64 output holds, for a Reshape or Expand further on.</summary>
    public void SetSizes(IEnumerable<Dim>? sizes)
    {
        if (node.Outputs[0] is { } value) value.Sizes = sizes?.ToArray();
    }

    /// <summary>The sizes an int64 input holds, from a constant or from shape arithmetic.</summary>
    public IReadOnlyList<Dim>? Sizes(int input) => node.Input(input) is not { } value ? null
        : value.Sizes ?? (value.Constant is { Type: DataType.Int64 or DataType.Int32, Count: < 64 } c ? [.. c.ReadAsInt64().Select(v => (Dim)v)] : null);

    public int Axis(long axis, int rank) => (int)(axis < 0 ? axis + rank : axis);

    public static Shape? Broadcast(Shape? a, Shape? b)
    {
        if (a is null || b is null) return null;
        var dims = new Dim[Math.Max(a.Rank, b.Rank)];
        for (var i = 1; i <= dims.Length; i++)
        {
            Dim x = i <= a.Rank ? a[-i] : 1, y = i <= b.Rank ? b[-i] : 1;
            dims[^i] = x.Value == 1 ? y : y.Value == 1 || x.SameAs(y) ? x
                : x.Value is > 1 ? x : y.Value is > 1 ? y : Dim.Unknown;
        }
        return new Shape(dims);
    }
}
