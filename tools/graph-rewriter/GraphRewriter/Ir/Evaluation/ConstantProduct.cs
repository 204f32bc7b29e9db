namespace FlashRt.GraphRewriter.Ir.Evaluation;

/// <summary>Small products, such as rotary frequencies times positions.</summary>
internal static class ConstantProduct
{
    // Multiplications that folding may spend on one node.
    private const long MostWork = 1 << 24;

    public static ConstantTensor MatMul(ConstantTensor a, ConstantTensor b)
    {
        if (a.Dims.Count < 2 || b.Dims.Count < 2 || a.Type != b.Type) throw new NotSupportedException();
        long rows = a.Dims[^2], depth = a.Dims[^1], columns = b.Dims[^1];
        if (depth != b.Dims[^2]) throw new NotSupportedException();
        IReadOnlyList<long> outerA = [.. a.Dims.SkipLast(2)], outerB = [.. b.Dims.SkipLast(2)];
        var outer = Broadcast.Dims(outerA, outerB);
        int[] left = Broadcast.Indices(outerA, outer), right = Broadcast.Indices(outerB, outer);
        var result = new double[ConstantEvaluator.Bounded([.. outer, rows, columns])];
        if (result.Length * depth > MostWork || !a.Type.IsFloat()) throw new NotSupportedException();
        double[] x = a.ReadAsDouble(), y = b.ReadAsDouble();
        for (var i = 0; i < result.Length; i++)
        {
            var (batch, row, column) = (i / (rows * columns), i / columns % rows, i % columns);
            var sum = 0.0;
            for (var k = 0L; k < depth; k++) sum += x[(left[batch] * rows + row) * depth + k] * y[(right[batch] * depth + k) * columns + column];
            result[i] = sum;
        }
        return ConstantTensor.From(a.Type, [.. outer, rows, columns], result);
    }

    /// <summary>Any explicit equation over letters, by walking all of its indices.</summary>
    public static ConstantTensor Einsum(string equation, ConstantTensor[] operands)
    {
        if (equation.Replace(" ", "").Split("->") is not [var left, var to] || equation.Contains('.')) throw new NotSupportedException();
        var terms = left.Split(',');
        var sizes = new SortedDictionary<char, long>();
        for (var t = 0; t < terms.Length; t++)
            for (var i = 0; i < terms[t].Length; i++) sizes[terms[t][i]] = operands[t].Dims[i];
        // Letters of the result first, so that the sum of one element is one run.
        char[] letters = [.. to, .. sizes.Keys.Except(to)];
        long[] all = [.. letters.Select(c => sizes[c])], dims = [.. to.Select(c => sizes[c])];
        if (ConstantLayout.Count(all) > ConstantEvaluator.MostElements || operands.Any(o => !o.Type.IsFloat())) throw new NotSupportedException();
        var product = Enumerable.Repeat(1.0, (int)ConstantLayout.Count(all)).ToArray();
        for (var t = 0; t < terms.Length; t++)
        {
            var strides = Strided.Of(operands[t].Dims);
            var at = Strided.Walk(all, [.. letters.Select(c => terms[t].Index().Where(p => p.Item == c).Sum(p => strides[p.Index]))]);
            var values = operands[t].ReadAsDouble();
            for (var i = 0; i < product.Length; i++) product[i] *= values[at[i]];
        }
        var result = new double[ConstantEvaluator.Bounded(dims)];
        var run = product.Length / Math.Max(1, result.Length);
        for (var i = 0; i < product.Length; i++) result[i / run] += product[i];
        return ConstantTensor.From(operands[0].Type, dims, result);
    }
}
