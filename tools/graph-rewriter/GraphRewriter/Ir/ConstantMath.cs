namespace FlashRt.GraphRewriter.Ir;

/// <summary>Arithmetic of the constant evaluator.</summary>
internal static class ConstantMath
{
    public static ConstantTensor Cast(ConstantTensor x, DataType to)
    {
        if (x.Type.IsFloat()) return ConstantTensor.From(to, x.Dims, x.ReadAsDouble());
        var values = x.ReadAsInt64();
        return to.IsFloat()
            ? ConstantTensor.From(to, x.Dims, values.Select(v => (double)v).ToArray())
            : ConstantTensor.From(to, x.Dims, values);
    }

    public static ConstantTensor Unary(string op, ConstantTensor x)
    {
        if (x.Type.IsInteger())
            return ConstantTensor.From(x.Type, x.Dims, Array.ConvertAll(x.ReadAsInt64(), v => op switch
            {
                "Neg" => -v,
                "Abs" => Math.Abs(v),
                _ => throw new NotSupportedException(op),
            }));
        return ConstantTensor.From(x.Type, x.Dims, Array.ConvertAll(x.ReadAsDouble(), v => op switch
        {
            "Neg" => -v,
            "Sqrt" => Math.Sqrt(v),
            "Reciprocal" => 1 / v,
            "Exp" => Math.Exp(v),
            "Log" => Math.Log(v),
            "Sin" => Math.Sin(v),
            "Cos" => Math.Cos(v),
            "Abs" => Math.Abs(v),
            "Floor" => Math.Floor(v),
            "Ceil" => Math.Ceiling(v),
            "Tanh" => Math.Tanh(v),
            "Sigmoid" => 1 / (1 + Math.Exp(-v)),
            _ => throw new NotSupportedException(op),
        }));
    }

    public static ConstantTensor Binary(string op, ConstantTensor a, ConstantTensor b)
    {
        var dims = Broadcast.Dims(a.Dims, b.Dims);
        int[] left = Broadcast.Indices(a.Dims, dims), right = Broadcast.Indices(b.Dims, dims);
        if (a.Type.IsInteger() && b.Type.IsInteger())
        {
            long[] x = a.ReadAsInt64(), y = b.ReadAsInt64();
            return ConstantTensor.From(a.Type, dims, left.Zip(right, (i, j) => Integer(op, x[i], y[j])).ToArray());
        }
        double[] p = a.ReadAsDouble(), q = b.ReadAsDouble();
        return ConstantTensor.From(a.Type, dims, left.Zip(right, (i, j) => Real(op, p[i], q[j])).ToArray());
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
        return value switch
        {
            null => ConstantTensor.From(DataType.Float, dims, new double[count]),
            { Type: var t } when t.IsFloat() => ConstantTensor.From(t, dims, Enumerable.Repeat(value.ReadAsDouble()[0], count).ToArray()),
            _ => ConstantTensor.From(value.Type, dims, Enumerable.Repeat(value.ReadAsInt64()[0], count).ToArray()),
        };
    }

    private static int Length(double count) => count <= ConstantEvaluator.MostElements ? Math.Max(0, (int)count) : throw new NotSupportedException();

    private static double Real(string op, double x, double y) => op switch
    {
        "Add" => x + y,
        "Sub" => x - y,
        "Mul" => x * y,
        "Div" => x / y,
        "Pow" => Math.Pow(x, y),
        "Min" => Math.Min(x, y),
        "Max" => Math.Max(x, y),
        _ => throw new NotSupportedException(op),
    };

    private static long Integer(string op, long x, long y) => op switch
    {
        "Add" => x + y,
        "Sub" => x - y,
        "Mul" => x * y,
        "Div" => y == 0 ? throw new NotSupportedException() : x / y,
        "Min" => Math.Min(x, y),
        "Max" => Math.Max(x, y),
        _ => throw new NotSupportedException(op),
    };
}
