namespace FlashRt.Validation.Ops;

/// <summary>
/// Every op of the norm family. A row R is residual + (x + bias) · gate, or x alone; it is normalised by its mean square or by mean and
/// variance, then weighted, modulated, and stored as T or FP8.
/// </summary>
internal static class NormReference
{
    /// <summary>Operand names of one op: which input plays which part. Null: the op has no such part.</summary>
    private sealed record Parts(string X, string? Residual, string? Gate, string? Bias, string? Weight, string? Beta, string? Scale, string? Shift, string? Style, string? QuantScale);

    public static IReadOnlyList<Expected> RmsNorm(OpCall call)
    {
        var parts = new Parts("X", null, null, null, "weight", null, null, null, null, "scale");
        var quantized = IsQuantizing(call);
        var result = Compute(call, parts, layer: false);
        return quantized ? [Quantized(call, result, parts), result.Normalized] : [result.Normalized];
    }

    public static IReadOnlyList<Expected> LayerNorm(OpCall call)
    {
        var parts = new Parts("X", null, null, null, "gamma", "beta", null, null, null, "scale");
        return [Stored(call, Compute(call, parts, layer: true), parts)];
    }

    public static IReadOnlyList<Expected> AdaLayerNorm(OpCall call)
    {
        var parts = new Parts("X", null, null, null, "gamma", "beta", "scale", "shift", null, "quant_scale");
        return [Stored(call, Compute(call, parts, layer: true), parts)];
    }

    public static IReadOnlyList<Expected> AdaRmsNorm(OpCall call)
    {
        var parts = new Parts("X", null, null, null, "weight", null, IsQuantizing(call) ? null : "scale", "shift", "style", "scale");
        return [Stored(call, Compute(call, parts, layer: false), parts), GateOfStyle(call, "X")];
    }

    public static IReadOnlyList<Expected> AddRmsNorm(OpCall call)
    {
        var parts = new Parts("x", "residual", "gate", "bias", "weight", null, null, null, null, "scale");
        var result = Compute(call, parts, layer: false);
        return [result.Sum!, Stored(call, result, parts)];
    }

    public static IReadOnlyList<Expected> AddLayerNorm(OpCall call)
    {
        var parts = new Parts("x", "residual", "gate", "bias", "gamma", "beta", null, null, null, "scale");
        var result = Compute(call, parts, layer: true);
        return [result.Sum!, Stored(call, result, parts)];
    }

    public static IReadOnlyList<Expected> GatedAddAdaRmsNorm(OpCall call)
    {
        var parts = new Parts("x", "residual", "gate", null, "weight", null, IsQuantizing(call) ? null : "scale", "shift", "style", "scale");
        var result = Compute(call, parts, layer: false);
        return [result.Sum!, Stored(call, result, parts), GateOfStyle(call, "residual")];
    }

    public static IReadOnlyList<Expected> GatedAddAdaLayerNorm(OpCall call)
    {
        var parts = new Parts("x", "residual", "gate", null, "gamma", "beta", "scale", "shift", null, null);
        var result = Compute(call, parts, layer: true);
        return [result.Sum!, result.Normalized];
    }

    private sealed record Result(Expected? Sum, Expected Normalized);

    private static Result Compute(OpCall call, Parts parts, bool layer)
    {
        OpTensor? Find(string? name) => name is null || !call.Signature.Op.Inputs.Any(i => i.Name == name) ? null : call.Find(name);
        OpTensor x = call[parts.X];
        OpTensor? residual = Find(parts.Residual), gate = Find(parts.Gate), bias = Find(parts.Bias);
        OpTensor? weight = Find(parts.Weight), beta = Find(parts.Beta), style = Find(parts.Style);
        OpTensor? scale = Find(parts.Scale), shift = Find(parts.Shift);
        var epsilon = call.Float("epsilon");
        var unrounded = call.Signature.Op.FindAttribute("stash") is not null && call.Text("stash") == "unrounded";
        long rows = x.Rows, cols = x.Last;
        double[] sums = new double[x.Count], sumNoise = new double[x.Count], values = new double[x.Count], noise = new double[x.Count];

        var r = new double[cols];
        for (long row = 0; row < rows; row++)
        {
            var at = row * cols;
            double squares = 0, total = 0;
            for (long c = 0; c < cols; c++)
            {
                double before = residual?.Values[at + c] ?? 0, add = Rows.At(bias, row, rows, c), factorOfBranch = Rows.At(gate, row, rows, c, 1);
                var sum = before + (x.Values[at + c] + add) * factorOfBranch;
                sums[at + c] = sum;
                sumNoise[at + c] = (Math.Abs(before) + (Math.Abs(x.Values[at + c]) + Math.Abs(add)) * Math.Abs(factorOfBranch)) * Math.ScaleB(1, -22);
                squares += sum * sum;
                r[c] = residual is not null && !unrounded ? Rounding.To(call.Type, sum) : sum;
                total += r[c];
            }
            var mean = layer ? total / cols : 0;
            var spread = layer ? r.Sum(v => (v - mean) * (v - mean)) / cols : squares / cols;
            var factor = 1 / Math.Sqrt(spread + epsilon);
            // A sum that float32 rounds the other way is one unit of T away: so is what is normalised, and a part of that is its row's mean.
            var wobbles = new double[cols];
            for (long c = 0; c < cols; c++)
                wobbles[c] = residual is not null && !unrounded ? NearTie(call.Type, sums[at + c], sumNoise[at + c]) : sumNoise[at + c];
            var shared = layer ? wobbles.Sum() / cols : 0;
            for (long c = 0; c < cols; c++)
            {
                double w = Rows.At(weight, row, rows, c, 1), b = Rows.At(beta, row, rows, c);
                double s = style is null ? Rows.At(scale, row, rows, c) : Rows.At(style, row, rows, c);
                double h = style is null ? Rows.At(shift, row, rows, c) : Rows.At(style, row, rows, cols + c);
                values[at + c] = ((r[c] - mean) * factor * w + b) * (1 + s) + h;
                var drift = wobbles[c] + shared * (1 + Math.Abs(r[c] - mean) * factor);
                noise[at + c] = Math.Abs(factor * w * (1 + s)) * ((Math.Abs(r[c]) + Math.Abs(mean)) * Expected.Float32Noise + drift)
                    + (Math.Abs(b * (1 + s)) + Math.Abs(h)) * Expected.Float32Noise;
            }
        }
        return new Result(residual is null ? null : new Expected(call.Type, x.Shape, sums, sumNoise), new Expected(call.Type, x.Shape, values, noise));
    }

    private static double NearTie(ElementType type, double value, double noise) =>
        Math.Abs(Rounding.To(type, value - noise) - Rounding.To(type, value + noise));

    private static Expected Stored(OpCall call, Result result, Parts parts) =>
        IsQuantizing(call) ? Quantized(call, result, parts) : result.Normalized;

    private static bool IsQuantizing(OpCall call) => call.Signature.Op.Name.EndsWith("Quantize", StringComparison.Ordinal);

    private static Expected Quantized(OpCall call, Result result, Parts parts) =>
        QuantizeReference.Quantized(result.Normalized, call.Scalar(parts.QuantScale!));

    private static Expected GateOfStyle(OpCall call, string like)
    {
        var x = call[like];
        if (call.Find("style") is not { } style) return Expected.Exactly(call.Type, x.Shape, new double[x.Count]);  // no output then
        long rows = x.Rows, cols = x.Last;
        var gate = new double[x.Count];
        for (long row = 0; row < rows; row++)
            for (long c = 0; c < cols; c++)
                gate[row * cols + c] = Rows.At(style, row, rows, 2 * cols + c);
        return Expected.Exactly(call.Type, x.Shape, gate);
    }
}
