namespace FlashRt.Validation.Ops;

/// <summary>Cases of the matrix products.</summary>
internal static class GemmCases
{
    // rows, inner, cols: one of everything, primes, exact tiles, one row (decode), tall and thin, inner sizes that FP8 tensor cores cannot take.
    private static readonly (string Why, long[] Rows, long Inner, long Cols)[] Shapes =
    [
        ("one by one", [1], 1, 1),
        ("odd everywhere", [5], 123, 77),
        ("multiples of 16", [32], 64, 48),
        ("one row", [1], 256, 96),
        ("leading axes", [2, 3], 40, 24),
        ("a tile and one more", [65], 129, 65),
        ("columns no multiple of 8", [16], 32, 20),
        ("inner size no multiple of 16", [16], 72, 64),
    ];

    private static readonly string[] Activations = ["gelu_tanh", "gelu_erf", "gelu_quick", "silu", "relu"];

    public static CaseTable Gemm()
    {
        var table = new CaseTable("Gemm")
            .Call("plain", "A B")
            .Call("bias", "A B bias")
            .Call("bias and C", "A B bias C")
            .Call("C accumulates", "A B C")
            .Call("C scaled", "A B C", null, ("beta", 0.5))
            .Call("C with factor zero", "A B C", null, ("beta", 0.0))
            .Call("alpha", "A B bias", null, ("alpha", 0.125))
            .Call("softcap", "A B", null, ("softcap", 3.0))
            .Call("activation, softcap, then C", "A B bias C", null, ("activation", "silu"), ("softcap", 3.0))
            .Call("B transposed", "A B", null, ("transB", 1))
            .Call("B transposed, bias and C", "A B bias C", null, ("transB", 1), ("alpha", 2.0), ("beta", -1.0));
        foreach (var activation in Activations)
            table.Call($"bias and {activation}", "A B bias", null, ("activation", activation));
        table.Call("activation, then C", "A B bias C", null, ("activation", "gelu_tanh"), ("beta", 0.5));
        foreach (var shape in Shapes)
            table.With(shape.Why, d => Floats(d, shape.Rows, shape.Inner, shape.Cols));
        return table
            .Special("no rows", d => Floats(d, [0], 16, 8))
            .Special("no inner size: bias alone", d => Floats(d, [3], 0, 8))
            .Special("overflow of half precision", d => Floats(d, [3], 64, 8, 200))
            .Special("NaN in one row", d => Poison(Floats(d, [4], 32, 24)));
    }

    public static CaseTable Fp8Gemm()
    {
        var table = new CaseTable("Fp8Gemm")
            .Call("plain", "A B a_scale b_scale")
            .Call("bias", "A B a_scale b_scale bias")
            .Call("C", "A B a_scale b_scale C")
            .Call("bias and C scaled", "A B a_scale b_scale bias C", null, ("beta", 0.5))
            .Call("B transposed", "A B a_scale b_scale", null, ("transB", 1))
            .Call("B transposed, bias and C", "A B a_scale b_scale bias C", null, ("transB", 1));
        foreach (var activation in Activations)
            table.Call($"bias and {activation}", "A B a_scale b_scale bias", null, ("activation", activation));
        foreach (var shape in Shapes)
            table.With(shape.Why, d => Codes(d, shape.Rows, shape.Inner, shape.Cols, perColumn: false));
        return table
            .With("a scale for each column", d => Codes(d, [7], 48, 40, perColumn: true))
            .With("a scale for each column, aligned", d => Codes(d, [32], 64, 64, perColumn: true))
            .Special("no rows", d => Codes(d, [0], 16, 16, perColumn: false))
            .Special("NaN in one row", d => Poison(Codes(d, [4], 32, 32, perColumn: false)));
    }

    public static CaseTable Fp8WeightGemm()
    {
        var table = new CaseTable("Fp8WeightGemm")
            .Call("plain", "A B b_scale")
            .Call("bias", "A B b_scale bias")
            .Call("bias and C", "A B b_scale bias C", null, ("beta", 0.5))
            .Call("bias and gelu_tanh", "A B b_scale bias", null, ("activation", "gelu_tanh"))
            .Call("bias and gelu_erf", "A B b_scale bias", null, ("activation", "gelu_erf"))
            .Call("gelu_quick", "A B b_scale", null, ("activation", "gelu_quick"))
            .Call("silu", "A B b_scale", null, ("activation", "silu"))
            .Call("relu", "A B b_scale", null, ("activation", "relu"));
        foreach (var shape in Shapes)
            table.With(shape.Why, d => Weights(d, shape.Rows, shape.Inner, shape.Cols, false));
        return table
            .With("a scale for each column", d => Weights(d, [3], 48, 40, true))
            .Special("no rows", d => Weights(d, [0], 16, 16, false));

        static Dictionary<string, OpTensor> Weights(Data d, long[] rows, long inner, long cols, bool perColumn)
        {
            var operands = Epilogue(d, rows, cols);
            operands["A"] = d.Normal([.. rows, inner]);
            operands["B"] = d.Normal([cols, inner], 40, 0, ElementType.Float8E4M3);
            operands["b_scale"] = d.Uniform([perColumn ? cols : 1], 0.001, 0.002, ElementType.Float32);
            return operands;
        }
    }

    public static CaseTable Int8Gemm()
    {
        var table = new CaseTable("Int8Gemm")
            .Call("plain", "A B a_scale b_scale")
            .Call("bias", "A B a_scale b_scale bias")
            .Call("bias and C", "A B a_scale b_scale bias C", null, ("beta", 0.5))
            .Call("bias and gelu_tanh", "A B a_scale b_scale bias", null, ("activation", "gelu_tanh"))
            .Call("bias and gelu_erf", "A B a_scale b_scale bias", null, ("activation", "gelu_erf"))
            .Call("gelu_quick", "A B a_scale b_scale", null, ("activation", "gelu_quick"))
            .Call("silu", "A B a_scale b_scale", null, ("activation", "silu"))
            .Call("relu", "A B a_scale b_scale", null, ("activation", "relu"));
        foreach (var shape in Shapes)
            table.With(shape.Why, d => Bytes(d, shape.Rows, shape.Inner, shape.Cols, false, false));
        return table
            .With("scales for each token and column", d => Bytes(d, [2, 5], 48, 40, true, true))
            .With("a scale for each token", d => Bytes(d, [5], 33, 17, true, false))
            .Special("extreme codes", d => Extreme(Bytes(d, [3], 2048, 16, false, false)))
            .Special("no rows", d => Bytes(d, [0], 16, 16, false, false));

        static Dictionary<string, OpTensor> Bytes(Data d, long[] rows, long inner, long cols, bool perToken, bool perColumn)
        {
            var operands = Epilogue(d, rows, cols);
            operands["A"] = d.Integers([.. rows, inner], -127, 127, ElementType.Int8);
            operands["B"] = d.Integers([cols, inner], -127, 127, ElementType.Int8);
            operands["a_scale"] = d.Uniform(perToken ? rows : [1], 0.001, 0.002, ElementType.Float32);
            operands["b_scale"] = d.Uniform([perColumn ? cols : 1], 0.001, 0.002, ElementType.Float32);
            return operands;
        }

        static Dictionary<string, OpTensor> Extreme(Dictionary<string, OpTensor> operands)
        {
            foreach (var name in new[] { "A", "B" })
                operands[name] = operands[name] with { Values = [.. operands[name].Values.Select(v => v < 0 ? -128.0 : 127)] };
            return operands;
        }
    }

    public static CaseTable Nvfp4Gemm()
    {
        var table = new CaseTable("Nvfp4Gemm")
            .Call("plain", "A A_scales B B_scales")
            .Call("alpha and bias", "A A_scales B B_scales bias", null, ("alpha", 0.25))
            .Call("bias and C", "A A_scales B B_scales bias C", null, ("beta", 0.5))
            .Call("bias and gelu_tanh", "A A_scales B B_scales bias", null, ("activation", "gelu_tanh"))
            .Call("bias and gelu_erf", "A A_scales B B_scales bias", null, ("activation", "gelu_erf"))
            .Call("gelu_quick", "A A_scales B B_scales", null, ("activation", "gelu_quick"))
            .Call("silu", "A A_scales B B_scales", null, ("activation", "silu"))
            .Call("relu", "A A_scales B B_scales", null, ("activation", "relu"));
        foreach (var (why, rows, inner, cols) in new (string, long[], long, long)[]
                 { ("one block", [1], 16, 8), ("multiples of 64", [64], 128, 64), ("odd rows and columns", [5], 96, 33), ("past one scale tile", [2, 70], 80, 130), ("part of a block", [3], 40, 16) })
            table.With(why, d => Blocks(d, rows, inner, cols));
        return table.Special("no rows", d => Blocks(d, [0], 64, 16));

        static Dictionary<string, OpTensor> Blocks(Data d, long[] rows, long inner, long cols)
        {
            var operands = Epilogue(d, rows, cols);
            var m = OpTensor.CountOf(rows);
            operands["A"] = d.Integers([.. rows, inner / 2], 0, 255, ElementType.Uint8);
            operands["B"] = d.Integers([cols, inner / 2], 0, 255, ElementType.Uint8);
            operands["A_scales"] = d.Integers([Nvfp4.SwizzledSize(m, inner)], 0x20, 0x38, ElementType.Uint8);
            operands["B_scales"] = d.Integers([Nvfp4.SwizzledSize(cols, inner)], 0x20, 0x30, ElementType.Uint8);
            return operands;
        }
    }

    private static Dictionary<string, OpTensor> Epilogue(Data d, long[] rows, long cols) => new()
    {
        ["bias"] = d.Normal([cols]),
        ["C"] = d.Normal([.. rows, cols]),
    };

    private static Dictionary<string, OpTensor> Floats(Data d, long[] rows, long inner, long cols, double deviation = 1)
    {
        var operands = Epilogue(d, rows, cols);
        operands["A"] = d.Normal([.. rows, inner], deviation);
        operands["B"] = d.Normal(d.Int("transB") == 1 ? [cols, inner] : [inner, cols], deviation / Math.Sqrt(Math.Max(inner, 1)) * (deviation > 1 ? Math.Sqrt(inner) : 1));
        return operands;
    }

    private static Dictionary<string, OpTensor> Codes(Data d, long[] rows, long inner, long cols, bool perColumn)
    {
        var operands = Epilogue(d, rows, cols);
        operands["A"] = d.Normal([.. rows, inner], 60, 0, ElementType.Float8E4M3);
        operands["B"] = d.Normal(d.Int("transB") == 1 ? [cols, inner] : [inner, cols], 60, 0, ElementType.Float8E4M3);
        operands["a_scale"] = d.Scale(0.0123);
        operands["b_scale"] = d.Uniform([perColumn ? cols : 1], 0.001, 0.003, ElementType.Float32);
        return operands;
    }

    private static Dictionary<string, OpTensor> Poison(Dictionary<string, OpTensor> operands)
    {
        double[] values = [.. operands["A"].Values];
        values[3] = double.NaN;
        operands["A"] = operands["A"] with { Values = values };
        return operands;
    }
}
