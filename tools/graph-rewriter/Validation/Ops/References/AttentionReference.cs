namespace FlashRt.Validation.Ops;

/// <summary>Scaled dot-product attention with the exact softmax, in float64.</summary>
internal static class AttentionReference
{
    public static IReadOnlyList<Expected> Attention(OpCall call)
    {
        var shape = new Heads(call);
        double[] o = new double[OpTensor.CountOf(shape.OutputShape)], lse = new double[shape.Batch * shape.Queries * shape.QueryHeads];
        var logits = new double[shape.Keys];
        for (long b = 0; b < shape.Batch; b++)
            for (long h = 0; h < shape.QueryHeads; h++)
                for (long i = 0; i < shape.Queries; i++)
                {
                    Logits(call, shape, b, h, i, logits);
                    var sink = call.Find("sink")?.Values[h] ?? double.NegativeInfinity;
                    var max = Math.Max(logits.DefaultIfEmpty(double.NegativeInfinity).Max(), sink);
                    var sum = double.IsNegativeInfinity(max) ? 0 : logits.Sum(x => Math.Exp(x - max)) + Math.Exp(sink - max);
                    lse[(b * shape.QueryHeads + h) * shape.Queries + i] = max + Math.Log(sum);
                    if (sum == 0 && call.Text("empty_row") == "nan")
                        Array.Fill(o, double.NaN, (int)shape.OutputAt(b, i, h), (int)shape.ValueSize);
                    for (long j = 0; j < shape.Keys; j++)
                    {
                        if (double.IsNegativeInfinity(logits[j]))
                            continue;
                        var p = Math.Exp(logits[j] - max) / sum;
                        long at = shape.OutputAt(b, i, h), value = shape.ValueAt(b, j, h / shape.Group);
                        for (long d = 0; d < shape.ValueSize; d++)
                            o[at + d] += p * shape.ValueData[value + d];
                    }
                }
        // Unit-variance inputs; covers logits and probabilities rounded to T as well as the flash formulation.
        var absolute = call.Type switch { ElementType.Float16 => 2e-3, ElementType.BFloat16 => 1.6e-2, _ => 1e-5 };
        return
        [
            new Expected(call.Type, shape.OutputShape, o, [.. o.Select(_ => absolute)]),
            new Expected(ElementType.Float32, [shape.Batch, shape.QueryHeads, shape.Queries], lse, [.. lse.Select(_ => absolute)]),
        ];
    }

    private static void Logits(OpCall call, Heads shape, long b, long h, long i, double[] logits)
    {
        double scale = call.Float("scale") is var s && s > 0 ? s : 1 / Math.Sqrt(shape.Size), cap = call.Float("softcap");
        long length = shape.Keys, window = call.Int("window");
        if (call.Find("kv_length") is { } lengths)
            length = Math.Clamp((long)lengths.Values[lengths.Count == 1 ? 0 : b], 0, shape.Keys);
        var position = i + length - shape.Queries;
        var end = call.Int("causal") == 1 ? Math.Min(length, position + 1) : length;
        if (i == 0 && call.Find("first_row_length") is { } first)
            end = Math.Min(end, (long)first.Values[0]);
        OpTensor? mask = call.Find("mask"), bias = call.Find("bias");
        var query = shape.QueryAt(b, i, h);
        for (long j = 0; j < shape.Keys; j++)
        {
            logits[j] = double.NegativeInfinity;
            if (j >= end || (window >= 0 && j < position - window) || Spread(mask, b, h, i, j) is 0)
                continue;
            var dot = 0.0;
            var key = shape.KeyAt(b, j, h / shape.Group);
            for (long d = 0; d < shape.Size; d++)
                dot += shape.QueryData[query + d] * shape.KeyData[key + d];
            var x = scale * dot;
            if (cap > 0)
                x = cap * Math.Tanh(x / cap);
            logits[j] = x + (Spread(bias, b, h, i, j) ?? 0);
        }
    }

    // An operand that broadcasts to [batch, heads, queries, keys].
    private static double? Spread(OpTensor? operand, long b, long h, long i, long j)
    {
        if (operand is null)
            return null;
        long[] index = [b, h, i, j];
        long at = 0;
        for (var axis = 0; axis < operand.Shape.Length; axis++)
        {
            var size = operand.Shape[axis];
            at = at * size + (size == 1 ? 0 : index[axis + 4 - operand.Shape.Length]);
        }
        return operand.Values[at];
    }

    /// <summary>Sizes and addressing of every layout that the op takes.</summary>
    private sealed class Heads
    {
        private readonly OpTensor _q, _k, _v;
        private readonly bool _headMajor, _packed, _outputHeadMajor;
        private readonly long _kvHeads;

        public Heads(OpCall call)
        {
            _q = call["Q"];
            _packed = call.Find("K") is null;
            (_k, _v) = _packed ? (_q, _q) : (call["K"], call["V"]);
            _headMajor = call.Text("layout") == "BNSH";
            var four = _q.Shape.Length == 4;
            QueryHeads = four ? _q.Shape[_headMajor ? 1 : 2] : call.Int("num_heads");
            var kvHeads = call.Int("num_kv_heads");
            if (_packed)
            {
                _kvHeads = kvHeads == 0 ? QueryHeads : kvHeads;
                Size = ValueSize = _q.Last / (QueryHeads + 2 * _kvHeads);
            }
            else
            {
                Size = four ? _q.Last : _q.Last / QueryHeads;
                _kvHeads = _k.Shape.Length == 4 ? _k.Shape[_headMajor ? 1 : 2] : kvHeads == 0 ? _k.Last / Size : kvHeads;
                ValueSize = _v.Shape.Length == 4 ? _v.Last : _v.Last / _kvHeads;
            }
            Batch = _q.Shape.Length == 2 ? 1 : _q.Shape[0];
            Queries = four ? _q.Shape[_headMajor ? 2 : 1] : _q.Shape[^2];
            Keys = _k.Shape.Length == 4 ? _k.Shape[_headMajor ? 2 : 1] : _k.Shape[^2];
            Group = QueryHeads / _kvHeads;
            (OutputShape, _outputHeadMajor) = HeadOrder.Output(call, _q.Shape, Batch, Queries, QueryHeads, ValueSize);
        }

        public long Batch { get; }
        public long Queries { get; }
        public long Keys { get; }
        public long QueryHeads { get; }
        public long Group { get; }
        public long Size { get; }
        public long ValueSize { get; }
        public long[] OutputShape { get; }

        public double[] QueryData => _q.Values;
        public double[] KeyData => _k.Values;
        public double[] ValueData => _v.Values;

        public long QueryAt(long b, long i, long h) => At(_q, b, i, h, QueryHeads, Size, Queries, 0);
        public long KeyAt(long b, long j, long g) => At(_k, b, j, g, _kvHeads, Size, Keys, QueryHeads * Size);
        public long ValueAt(long b, long j, long g) => At(_v, b, j, g, _kvHeads, ValueSize, Keys, (QueryHeads + _kvHeads) * Size);

        public long OutputAt(long b, long i, long h) => _outputHeadMajor
            ? ((b * QueryHeads + h) * Queries + i) * ValueSize
            : ((b * Queries + i) * QueryHeads + h) * ValueSize;

        private long At(OpTensor tensor, long b, long token, long head, long heads, long size, long tokens, long packedColumn)
        {
            if (_packed)
                return (b * tokens + token) * tensor.Last + packedColumn + head * size;
            return tensor.Shape.Length == 4 && _headMajor ? ((b * heads + head) * tokens + token) * size : ((b * tokens + token) * heads + head) * size;
        }
    }
}
