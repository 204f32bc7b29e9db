namespace FlashRt.GraphRewriter.Ir.Evaluation;

/// <summary>Comparisons, bools and selection.</summary>
internal static class ConstantLogic
{
    public static ConstantTensor IsNaN(ConstantTensor x) => Test(x, double.IsNaN);

    public static ConstantTensor IsInf(ConstantTensor x, bool negative, bool positive) =>
        Test(x, v => (positive && double.IsPositiveInfinity(v)) || (negative && double.IsNegativeInfinity(v)));

    public static ConstantTensor Not(ConstantTensor x) => x.Type != DataType.Bool ? throw new NotSupportedException()
        : ConstantTensor.FromRaw(DataType.Bool, x.Dims, Array.ConvertAll(x.Raw.ToArray(), v => v == 0 ? (byte)1 : (byte)0));

    public static ConstantTensor Where(ConstantTensor condition, ConstantTensor x, ConstantTensor y)
    {
        if (x.Type != y.Type || condition.Type != DataType.Bool) throw new NotSupportedException();
        var dims = Broadcast.Dims(condition.Dims, Broadcast.Dims(x.Dims, y.Dims));
        int[] at = Broadcast.Indices(condition.Dims, dims), left = Broadcast.Indices(x.Dims, dims), right = Broadcast.Indices(y.Dims, dims);
        var size = Strided.Bytes(x);
        ReadOnlySpan<byte> conditions = condition.Raw, xs = x.Raw, ys = y.Raw;
        var result = new byte[at.Length * size];
        for (var i = 0; i < at.Length; i++)
            (conditions[at[i]] != 0 ? xs.Slice(left[i] * size, size) : ys.Slice(right[i] * size, size)).CopyTo(result.AsSpan(i * size));
        return ConstantTensor.FromRaw(x.Type, dims, result);
    }

    public static ConstantTensor Compare(string op, ConstantTensor a, ConstantTensor b)
    {
        var dims = Broadcast.Dims(a.Dims, b.Dims);
        int[] left = Broadcast.Indices(a.Dims, dims), right = Broadcast.Indices(b.Dims, dims);
        var result = new byte[left.Length];
        if (a.Type.IsFloat() && b.Type.IsFloat())
        {
            double[] x = a.ReadAsDouble(), y = b.ReadAsDouble();
            for (var i = 0; i < result.Length; i++) result[i] = Holds(op, x[left[i]], y[right[i]]) ? (byte)1 : (byte)0;
        }
        else
        {
            long[] x = a.ReadAsInt64(), y = b.ReadAsInt64();
            for (var i = 0; i < result.Length; i++) result[i] = Holds(op, x[left[i]], y[right[i]]) ? (byte)1 : (byte)0;
        }
        return ConstantTensor.FromRaw(DataType.Bool, dims, result);
    }

    private static ConstantTensor Test(ConstantTensor x, Func<double, bool> test) =>
        ConstantTensor.FromRaw(DataType.Bool, x.Dims, Array.ConvertAll(x.ReadAsDouble(), v => test(v) ? (byte)1 : (byte)0));

    private static bool Holds(string op, double x, double y) => op switch
    {
        "Equal" => x == y,
        "Less" => x < y,
        "Greater" => x > y,
        "LessOrEqual" => x <= y,
        "GreaterOrEqual" => x >= y,
        _ => throw new NotSupportedException(op),
    };

    private static bool Holds(string op, long x, long y) => op switch
    {
        "Equal" => x == y,
        "Less" => x < y,
        "Greater" => x > y,
        "LessOrEqual" => x <= y,
        "GreaterOrEqual" => x >= y,
        "And" => x != 0 && y != 0,
        "Or" => x != 0 || y != 0,
        "Xor" => (x != 0) != (y != 0),
        _ => throw new NotSupportedException(op),
    };
}
