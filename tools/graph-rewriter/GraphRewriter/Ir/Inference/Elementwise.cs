namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>Operators whose result has the (broadcast) shape of their inputs.</summary>
internal static class Elementwise
{
    public static void Same(InferenceContext c)
    {
        c.Set(c.Type(0), c.Shape(0));
        if (c.Node.OpType is "Identity") c.SetSizes(c.Sizes(0));
    }

    public static void Broadcasting(InferenceContext c)
    {
        c.Set(c.CommonType, Shape(c));
        c.SetSizes(ShapeArithmetic.Elementwise(c));
    }

    public static void Pow(InferenceContext c) => c.Set(c.Type(0), Shape(c));

    public static void Compare(InferenceContext c) => c.Set(DataType.Bool, Shape(c));

    public static void Where(InferenceContext c) =>
        c.Set(c.Type(1) == DataType.Undefined ? c.Type(2) : c.Type(1), Shape(c));

    /// <summary>GatedActivation: the gate's shape, or half its last axis when gate and up are merged.</summary>
    public static void Gated(InferenceContext c)
    {
        var shape = c.Shape(0);
        if (c.Node.Input(1) is null && shape is not null)
            shape = new Shape([.. shape.Take(shape.Rank - 1), shape[-1].Value is { } v ? v / 2 : Dim.Unknown]);
        c.Set(c.Type(0), shape);
    }

    /// <summary>TimestepEmbedding of com.flashrt: two numbers for each frequency, in the type that an attribute names.</summary>
    public static void Timesteps(InferenceContext c)
    {
        var type = c.Node.Text("output_dtype", "float16") switch { "float32" => DataType.Float, "bfloat16" => DataType.Bfloat16, _ => DataType.Float16 };
        Dim columns = c.Shape(1)?[0].Value is { } half ? 2 * half : Dim.Unknown;
        c.Set(type, c.Shape(0) is { Rank: > 0 } t ? new Shape([.. t.Take(Math.Max(1, t.Rank - 1)), columns]) : null);
    }

    private static Shape? Shape(InferenceContext c)
    {
        var shape = c.Shape(0);
        for (var i = 1; i < c.Node.Inputs.Count; i++) shape = InferenceContext.Broadcast(shape, c.Shape(i));
        return shape;
    }
}
