namespace FlashRt.Validation.Ops;

/// <summary>The embedding of timesteps: angles as float32 products, sines and cosines in float64.</summary>
internal static class TimestepReference
{
    public static IReadOnlyList<Expected> TimestepEmbedding(OpCall call)
    {
        OpTensor timesteps = call["timesteps"], frequencies = call["frequencies"];
        var half = frequencies.Count;
        var scale = (float)call.Float("scale");
        Func<double, double> first = Math.Sin, second = Math.Cos;
        if (call.Text("order") == "cos_sin") (first, second) = (second, first);

        var values = new double[timesteps.Count * 2 * half];
        for (long row = 0; row < timesteps.Count; row++)
            for (long i = 0; i < half; i++)
            {
                var angle = (float)timesteps.Values[row] * (float)frequencies.Values[i] * scale;
                values[row * 2 * half + i] = first(angle);
                values[row * 2 * half + half + i] = second(angle);
            }
        long[] leading = timesteps.Shape.Length == 1 ? timesteps.Shape : timesteps.Shape[..^1];
        return [new Expected(call.Type, [.. leading, 2 * half], values)];
    }
}
