namespace FlashRt.Validation.Ops;

/// <summary>
/// Matrix products D = activation(factor · A·B + bias) + beta · C. The bound of an element is u·|D| + 2^-12 · factor · |A|·|B|, which
/// covers other summation orders and the reduced-precision accumulation of some FP8 tensor cores.
/// </summary>
internal static class GemmReference
{
    public static IReadOnlyList<Expected> Gemm(OpCall call) =>
        Product(call, call["A"].Values, call["B"].Values, call.Int("transB") == 1, (_, _) => call.Float("alpha"));

    public static IReadOnlyList<Expected> Fp8Gemm(OpCall call)
    {
        OpTensor a = call["a_scale"], b = call["b_scale"];
        return Product(call, call["A"].Values, call["B"].Values, call.Int("transB") == 1, (_, n) => a.Values[0] * b.Values[n % b.Count]);
    }

    public static IReadOnlyList<Expected> Fp8WeightGemm(OpCall call)
    {
        var b = call["b_scale"];
        return Product(call, call["A"].Values, call["B"].Values, true, (_, n) => b.Values[n % b.Count]);
    }

    public static IReadOnlyList<Expected> Int8Gemm(OpCall call)
    {
        OpTensor a = call["a_scale"], b = call["b_scale"];
        return Product(call, call["A"].Values, call["B"].Values, true, (m, n) => a.Values[m % a.Count] * b.Values[n % b.Count], exactProduct: true);
    }

    public static IReadOnlyList<Expected> Nvfp4Gemm(OpCall call) =>
        Product(call, QuantizeReference.Unpack(call["A"], call["A_scales"], true), QuantizeReference.Unpack(call["B"], call["B_scales"], true), true,
            (_, _) => call.Float("alpha"), packed: 2);

    private static IReadOnlyList<Expected> Product(OpCall call, double[] a, double[] b, bool transposed, Func<long, long, double> factor,
        bool exactProduct = false, int packed = 1)
    {
        OpTensor left = call["A"], right = call["B"];
        long rows = OpTensor.CountOf(left.Shape[..^1]), inner = left.Last * packed, cols = transposed ? right.Shape[0] : right.Last;
        OpTensor? bias = call.Find("bias"), c = call.Find("C");
        var beta = call.Float("beta");
        var activation = call.Text("activation");
        var softcap = call.Signature.Op.FindAttribute("softcap") is null ? 0 : call.Float("softcap");
        var unit = call.Type switch { ElementType.Float16 => Math.ScaleB(1, -10), ElementType.BFloat16 => Math.ScaleB(1, -7), _ => Math.ScaleB(1, -18) };
        double[] values = new double[rows * cols], noise = new double[rows * cols];
        for (long m = 0; m < rows; m++)
            for (long n = 0; n < cols; n++)
            {
                double sum = 0, magnitude = 0;
                for (long k = 0; k < inner; k++)
                {
                    var product = a[m * inner + k] * b[transposed ? n * inner + k : k * cols + n];
                    sum += product;
                    magnitude += Math.Abs(product);
                }
                var at = m * cols + n;
                var f = factor(m, n);
                var linear = f * sum + (bias?.Values[n] ?? 0);
                var residual = c is null ? 0 : beta * c.Values[at % c.Count];
                values[at] = Capped(ActivationReference.Activate(activation, linear), softcap) + residual;
                // The steepest activation (gelu) has slope 1.13.
                noise[at] = unit * Math.Abs(values[at]) + Expected.Float32Noise * (Math.Abs(f * sum) + Math.Abs(linear - f * sum) + Math.Abs(residual))
                    + ActivationReference.Noise(activation, linear) + (exactProduct ? 0 : 1.13 * Math.ScaleB(1, -12) * Math.Abs(f) * magnitude);
            }
        return [new Expected(call.Type, [.. left.Shape[..^1], cols], values, noise)];
    }

    private static double Capped(double value, double softcap) => softcap > 0 ? softcap * Math.Tanh(value / softcap) : value;
}
