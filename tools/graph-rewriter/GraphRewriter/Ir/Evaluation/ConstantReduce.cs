using FlashRt.GraphRewriter.Ir.Inference;

namespace FlashRt.GraphRewriter.Ir.Evaluation;

/// <summary>Reductions and running sums.</summary>
internal static class ConstantReduce
{
    public static ConstantTensor Reduce(Node node, ConstantTensor x)
    {
        var axes = Reduction.Axes(node, x.Dims.Count);
        if (axes.Length == 0 && node.Int("noop_with_empty_axes", 0) != 0) return x;
        var kept = KeptDims(x, axes);
        if (x.Count == 0 || x.Type == DataType.Bool) throw new NotSupportedException();
        // Each element's place in the result: the reduced axes stand still.
        var strides = Strided.Of(kept);
        var to = Strided.Walk(x.Dims, [.. strides.Select((s, i) => axes.Contains(i) ? 0 : s)]);
        var dims = node.Int("keepdims", 1) != 0 ? kept : [.. kept.Where((_, i) => !axes.Contains(i))];
        var count = (int)ConstantLayout.Count(kept);
        if (x.Type.IsInteger()) return ConstantTensor.From(x.Type, dims, Integers(node.OpType, x.ReadAsInt64(), to, count));
        var values = x.ReadAsDouble();
        var result = Enumerable.Repeat(Start(node.OpType), count).ToArray();
        for (var i = 0; i < values.Length; i++) result[to[i]] = Step(node.OpType, result[to[i]], values[i]);
        var size = (double)x.Count / count;
        return ConstantTensor.From(x.Type, dims, Array.ConvertAll(result, v => node.OpType switch { "ReduceMean" => v / size, "ReduceL2" => Math.Sqrt(v), _ => v }));
    }

    public static ConstantTensor CumSum(ConstantTensor x, long axisGiven, bool exclusive, bool reverse)
    {
        var axis = Strided.Axis(axisGiven, x.Dims.Count);
        long inner = ConstantLayout.Count(x.Dims.Skip(axis + 1)), size = x.Dims[axis], outer = ConstantLayout.Count(x.Dims.Take(axis));
        double[] values = x.ReadAsDouble(), sums = new double[ConstantEvaluator.Bounded(x.Dims)];
        for (var o = 0L; o < outer; o++)
            for (var i = 0L; i < inner; i++)
            {
                var sum = 0.0;
                for (var step = 0L; step < size; step++)
                {
                    var at = (o * size + (reverse ? size - 1 - step : step)) * inner + i;
                    sums[at] = exclusive ? sum : sum + values[at];
                    sum += values[at];
                }
            }
        return ConstantTensor.From(x.Type, x.Dims, sums);
    }

    public static ConstantTensor Arg(ConstantTensor x, Node node, bool greatest)
    {
        if (node.Int("select_last_index", 0) != 0) throw new NotSupportedException();
        var axis = Strided.Axis(node.Int("axis", 0), x.Dims.Count);
        long inner = ConstantLayout.Count(x.Dims.Skip(axis + 1)), size = x.Dims[axis], outer = ConstantLayout.Count(x.Dims.Take(axis));
        var values = x.ReadAsDouble();
        var result = new long[outer * inner];
        for (var at = 0L; at < result.Length; at++)
        {
            double Of(long index) => values[(at / inner * size + index) * inner + at % inner];
            for (var index = 1L; index < size; index++)
                if (greatest ? Of(index) > Of(result[at]) : Of(index) < Of(result[at])) result[at] = index;
        }
        var kept = KeptDims(x, [axis]);
        return ConstantTensor.From(DataType.Int64, node.Int("keepdims", 1) != 0 ? kept : [.. kept.Where((_, i) => i != axis)], result);
    }

    private static long[] KeptDims(ConstantTensor x, int[] axes) => [.. x.Dims.Select((d, i) => axes.Contains(i) ? 1 : d)];

    private static long[] Integers(string op, long[] values, int[] to, int count)
    {
        var result = Enumerable.Repeat(op switch { "ReduceMax" => long.MinValue, "ReduceMin" => long.MaxValue, "ReduceProd" => 1L, _ => 0L }, count).ToArray();
        for (var i = 0; i < values.Length; i++)
            result[to[i]] = op switch
            {
                "ReduceSum" => result[to[i]] + values[i],
                "ReduceProd" => result[to[i]] * values[i],
                "ReduceMax" => Math.Max(result[to[i]], values[i]),
                "ReduceMin" => Math.Min(result[to[i]], values[i]),
                _ => throw new NotSupportedException(op),
            };
        return result;
    }

    private static double Start(string op) => op switch
    {
        "ReduceMax" => double.NegativeInfinity,
        "ReduceMin" => double.PositiveInfinity,
        "ReduceProd" => 1,
        _ => 0,
    };

    private static double Step(string op, double so, double v) => op switch
    {
        "ReduceSum" or "ReduceMean" => so + v,
        "ReduceProd" => so * v,
        "ReduceMax" => Math.Max(so, v),
        "ReduceMin" => Math.Min(so, v),
        "ReduceL1" => so + Math.Abs(v),
        "ReduceL2" or "ReduceSumSquare" => so + v * v,
        _ => throw new NotSupportedException(op),
    };
}
