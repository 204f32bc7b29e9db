namespace FlashRt.Validation.Ops;

/// <summary>Activations, gated activations and bias adds.</summary>
internal static class ActivationReference
{
    public static IReadOnlyList<Expected> Gelu(OpCall call) =>
        [Biased(call, call.Text("approximate") switch { "none" => "gelu_erf", "tanh" => "gelu_tanh", _ => "gelu_quick" })];

    public static IReadOnlyList<Expected> Silu(OpCall call) => [Biased(call, "silu")];

    public static IReadOnlyList<Expected> Relu(OpCall call) => [Biased(call, "relu")];

    public static IReadOnlyList<Expected> BiasAdd(OpCall call)
    {
        OpTensor x = call["X"], bias = call["bias"];
        var position = call.Find("position");
        var cols = x.Last;
        double[] values = new double[x.Count], noise = new double[x.Count];
        for (long i = 0; i < x.Count; i++)
        {
            double b = bias.Values[i % cols], p = position is null ? 0 : position.Values[i / cols % position.Rows * cols + i % cols];
            values[i] = x.Values[i] + b + p;
            noise[i] = (Math.Abs(x.Values[i]) + Math.Abs(b) + Math.Abs(p)) * Math.ScaleB(1, -22);
        }
        return [new Expected(call.Type, x.Shape, values, noise)];
    }

    public static IReadOnlyList<Expected> GatedActivation(OpCall call)
    {
        OpTensor gate = call["gate"];
        var up = call.Find("up");
        var activation = call.Text("activation");
        var width = up is null ? gate.Last / 2 : gate.Last;
        long[] shape = [.. gate.Shape[..^1], width];
        var count = gate.Rows * width;
        double[] values = new double[count], noise = new double[count];
        for (long i = 0; i < count; i++)
        {
            long row = i / Math.Max(width, 1), column = i % Math.Max(width, 1);
            double g = gate.Values[row * gate.Last + column], u = up is null ? gate.Values[row * gate.Last + width + column] : up.Values[i];
            if (up is null && call.Text("order") == "up_gate") (g, u) = (u, g);
            values[i] = Activate(activation, g) * u;
            noise[i] = Noise(activation, g) * Math.Abs(u);
        }
        var result = new Expected(call.Type, shape, values, noise);
        return [call.Signature.Op.Name.EndsWith("Quantize", StringComparison.Ordinal) ? QuantizeReference.Quantized(result, call.Scalar("scale")) : result];
    }

    private static Expected Biased(OpCall call, string activation)
    {
        var x = call["X"];
        var bias = call.Find("bias");
        double[] values = new double[x.Count], noise = new double[x.Count];
        for (long i = 0; i < x.Count; i++)
        {
            // The sum is a float32 value that is not rounded to T.
            var sum = x.Values[i] + (bias is null ? 0 : bias.Values[i % bias.Count]);
            values[i] = Activate(activation, sum);
            noise[i] = Noise(activation, sum) + (bias is null ? 0 : (Math.Abs(x.Values[i]) + Math.Abs(sum)) * Math.ScaleB(1, -22));
        }
        return new Expected(call.Type, x.Shape, values, noise);
    }

    /// <summary>The activation of that name; relu has fmax semantics (NaN gives 0).</summary>
    public static double Activate(string activation, double x) => activation switch
    {
        "none" => x,
        "gelu_tanh" => x * Sigmoid(1.5957691216057308 * x * (1 + 0.044715 * x * x)),
        "gelu_erf" => 0.5 * x * (1 + SpecialFunctions.Erf(x / Math.Sqrt(2))),
        "gelu_quick" => x * Sigmoid(1.702 * x),
        "silu" => x * Sigmoid(x),
        "relu" => x > 0 ? x : 0,
        "sigmoid" => Sigmoid(x),
        _ => throw new ArgumentException($"Unknown activation '{activation}'.", nameof(activation)),
    };

    /// <summary>What float32 evaluation of the formula may be off by: the exponent's relative error grows with its argument, and 1 + erf cancels.</summary>
    public static double Noise(string activation, double x)
    {
        var value = Math.Abs(Activate(activation, x));
        var argument = activation switch
        {
            "gelu_tanh" => 1.6 * Math.Abs(x) * (1 + 0.045 * x * x),
            "gelu_quick" => 1.7 * Math.Abs(x),
            "silu" or "sigmoid" => Math.Abs(x),
            _ => 0,
        };
        return value * (1 + argument) * Expected.Float32Noise + (activation == "gelu_erf" ? Math.Abs(x) * Math.ScaleB(1, -23) : 0);
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
