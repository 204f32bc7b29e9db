namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>Norms with several results.</summary>
internal static class Normalising
{
    /// <summary>x normalised; mean and inverse deviation keep the axes before the first normalised one, in float32.</summary>
    public static void Layer(InferenceContext c)
    {
        c.Set(c.Type(0), c.Shape(0));
        var rows = c.Shape(0) is { } s && c.Axis(c.Node.Int("axis", -1), s.Rank) is var axis ? new Shape([.. s.Select((d, i) => i < axis ? d : 1)]) : null;
        for (var i = 1; i < 3; i++) c.Set(c.Node.Int("stash_type", 1) == 1 ? DataType.Float : c.Type(0), rows, i);
    }

    /// <summary>The result has the type of the scale, which may be narrower than what is normalised.</summary>
    public static void Rms(InferenceContext c) => c.Set(c.Type(1) == DataType.Undefined ? c.Type(0) : c.Type(1), c.Shape(0));

    /// <summary>com.microsoft's norms of a sum, whose last result is that sum.</summary>
    public static void Skip(InferenceContext c)
    {
        c.Set(c.Type(0), c.Shape(0));
        c.Set(DataType.Float, null, output: 1);
        c.Set(DataType.Float, null, output: 2);
        c.Set(c.Type(0), c.Shape(0), output: 3);
    }

    /// <summary>com.microsoft::SkipGroupNorm: the norm and the sum.</summary>
    public static void SkipGroup(InferenceContext c)
    {
        c.Set(c.Type(0), c.Shape(0));
        c.Set(c.Type(0), c.Shape(0), output: 1);
    }

    public static void Batch(InferenceContext c)
    {
        c.Set(c.Type(0), c.Shape(0));
        for (var i = 1; i < c.Node.Outputs.Count; i++) c.Set(c.Type(3), c.Shape(3), i);
    }

    public static void Embedded(InferenceContext c)
    {
        c.Set(c.Type(2), c.Shape(0) is { Rank: 2 } ids && c.Shape(2) is { } table ? new Shape([ids[0], ids[1], table[-1]]) : null);
        c.Set(DataType.Int32, c.Shape(0) is { } x ? new Shape([x[0]]) : null, output: 1);
        c.Set(c.Type(2), c.Node.Outputs[0]?.Shape, output: 2);
    }
}
