namespace FlashRt.GraphRewriter.Ir.Evaluation;

/// <summary>Arithmetic of the constant evaluator.</summary>
internal static class ConstantMath
{
    public static ConstantTensor Cast(ConstantTensor x, DataType to)
    {
        if (x.Type == to) return x;
        if (x.Type.IsFloat()) return ConstantTensor.From(to, x.Dims, x.ReadAsDouble());
        return to.IsFloat() ? ConstantTensor.From(to, x.Dims, x.ReadAsDouble()) : ConstantTensor.From(to, x.Dims, x.ReadAsInt64());
    }

    public static ConstantTensor Unary(string op, ConstantTensor x)
    {
        if (x.Type == DataType.Bool) throw new NotSupportedException(op);
        if (x.Type.IsInteger())
            return ConstantTensor.From(x.Type, x.Dims, Array.ConvertAll(x.ReadAsInt64(), v => op switch
            {
                "Neg" => -v,
                "Abs" => Math.Abs(v),
                "Sign" => Math.Sign(v),
                "Relu" => Math.Max(v, 0),
                "BitwiseNot" => ~v,
                _ => throw new NotSupportedException(op),
            }));
        var function = Function(op);
        return ConstantTensor.From(x.Type, x.Dims, Array.ConvertAll(x.ReadAsDouble(), v => function(v)));
    }

    public static ConstantTensor Binary(Node node, ConstantTensor a, ConstantTensor b)
    {
        var op = node.OpType;
        var dims = Broadcast.Dims(a.Dims, b.Dims);
        int[] left = Broadcast.Indices(a.Dims, dims), right = Broadcast.Indices(b.Dims, dims);
        if (a.Type.IsInteger() && b.Type.IsInteger())
        {
            long[] x = a.ReadAsInt64(), y = b.ReadAsInt64(), sums = new long[left.Length];
            for (var i = 0; i < sums.Length; i++) sums[i] = Integer(op, x[left[i]], y[right[i]], node);
            return ConstantTensor.From(a.Type, dims, sums);
        }
        if (!a.Type.IsFloat() || (b.Type != a.Type && op != "Pow")) throw new NotSupportedException(op);
        double[] p = a.ReadAsDouble(), q = b.ReadAsDouble(), results = new double[left.Length];
        for (var i = 0; i < results.Length; i++) results[i] = Real(op, p[left[i]], q[right[i]], node);
        return ConstantTensor.From(a.Type, dims, results);
    }

    public static ConstantTensor Clip(ConstantTensor x, ConstantTensor? low, ConstantTensor? high, Node node)
    {
        if (x.Type.IsInteger())
        {
            long least = low?.ReadAsInt64()[0] ?? long.MinValue, most = high?.ReadAsInt64()[0] ?? long.MaxValue;
            return ConstantTensor.From(x.Type, x.Dims, Array.ConvertAll(x.ReadAsInt64(), v => Math.Min(Math.Max(v, least), most)));
        }
        double from = low?.ReadAsDouble()[0] ?? node.Float("min", float.NegativeInfinity), to = high?.ReadAsDouble()[0] ?? node.Float("max", float.PositiveInfinity);
        return ConstantTensor.From(x.Type, x.Dims, Array.ConvertAll(x.ReadAsDouble(), v => Math.Min(Math.Max(v, from), to)));
    }

    public static ConstantTensor Range(ConstantTensor start, ConstantTensor limit, ConstantTensor delta)
    {
        if (start.Type.IsFloat())
        {
            double s = start.ReadAsDouble()[0], d = delta.ReadAsDouble()[0];
            var n = Length(Math.Ceiling((limit.ReadAsDouble()[0] - s) / d));
            return ConstantTensor.From(start.Type, [n], Enumerable.Range(0, n).Select(i => s + i * d).ToArray());
        }
        long from = start.ReadAsInt64()[0], step = delta.ReadAsInt64()[0];
        var count = Length(Math.Ceiling((double)(limit.ReadAsInt64()[0] - from) / step));
        return ConstantTensor.From(start.Type, [count], Enumerable.Range(0, count).Select(i => from + i * step).ToArray());
    }

    public static ConstantTensor Fill(long[] dims, ConstantTensor? value)
    {
        var count = ConstantEvaluator.Bounded(dims);
        return value is null ? ConstantTensor.From(DataType.Float, dims, new double[count]) : Strided.Pick(value, dims, new int[count]);
    }

    private static int Length(double count) => count <= ConstantEvaluator.MostElements ? Math.Max(0, (int)count) : throw new NotSupportedException();

    private static Func<double, double> Function(string op) => op switch
    {
        "Neg" => v => -v,
        "Sqrt" => Math.Sqrt,
        "Reciprocal" => v => 1 / v,
        "Exp" => Math.Exp,
        "Log" => Math.Log,
        "Sin" => Math.Sin,
        "Cos" => Math.Cos,
        "Tan" => Math.Tan,
        "Asin" => Math.Asin,
        "Acos" => Math.Acos,
        "Atan" => Math.Atan,
        "Sinh" => Math.Sinh,
        "Cosh" => Math.Cosh,
        "Abs" => Math.Abs,
        "Floor" => Math.Floor,
        "Ceil" => Math.Ceiling,
        "Round" => v => Math.Round(v, MidpointRounding.ToEven),
        "Sign" => v => double.IsNaN(v) ? v : Math.Sign(v),
        "Tanh" => Math.Tanh,
        "Sigmoid" => v => 1 / (1 + Math.Exp(-v)),
        "Relu" => v => v < 0 ? 0 : v,
        "Softplus" => v => v > 30 ? v : Math.Log(1 + Math.Exp(v)),
        _ => throw new NotSupportedException(op),
    };

    private static double Real(string op, double x, double y, Node node) => op switch
    {
        "Add" or "Sum" => x + y,
        "Sub" => x - y,
        "Mul" => x * y,
        "Div" => x / y,
        "Pow" => Math.Pow(x, y),
        "Min" => Math.Min(x, y),
        "Max" => Math.Max(x, y),
        "Mod" when node.Int("fmod", 0) != 0 => x % y,
        _ => throw new NotSupportedException(op),
    };

    private static long Integer(string op, long x, long y, Node node) => op switch
    {
        "Add" or "Sum" => x + y,
        "Sub" => x - y,
        "Mul" => x * y,
        "Div" => y == 0 ? throw new NotSupportedException() : x / y,
        "Mod" when y == 0 => throw new NotSupportedException(),
        "Mod" when node.Int("fmod", 0) != 0 => x % y,
        "Mod" => ((x % y) + y) % y,
        "Pow" when y >= 0 => Power(x, y),
        "Min" => Math.Min(x, y),
        "Max" => Math.Max(x, y),
        "BitwiseAnd" => x & y,
        "BitwiseOr" => x | y,
        "BitwiseXor" => x ^ y,
        _ => throw new NotSupportedException(op),
    };

    private static long Power(long x, long y)
    {
        if (y > 63) throw new NotSupportedException();
        var result = 1L;
        for (; y > 0; y--) result = checked(result * x);
        return result;
    }
}
