namespace FlashRt.Validation.Ops;

/// <summary>Rotary embeddings and the split of merged Q, K and V.</summary>
internal static class RopeReference
{
    public static IReadOnlyList<Expected> RotaryEmbedding(OpCall call)
    {
        var x = call["X"];
        var (batch, tokens, heads, size, headMajor) = Layout(call, x);
        var rotary = call.Int("rotary_dim") is var r && r > 0 ? r : size;
        var tables = new Tables(call["cos"], call["sin"], tokens, rotary, call.Text("style") == "interleaved");
        double[] values = [.. x.Values], noise = new double[x.Count];
        for (long b = 0; b < batch; b++)
            for (long s = 0; s < tokens; s++)
                for (long h = 0; h < heads; h++)
                    tables.Rotate(b, s, values, noise, headMajor ? ((b * heads + h) * tokens + s) * size : ((b * tokens + s) * heads + h) * size);
        var (shape, toHeadMajor) = HeadOrder.Output(call, x.Shape, batch, tokens, heads, size);
        if (toHeadMajor == headMajor)
            return [new Expected(call.Type, shape, values, noise)];
        double[] moved = new double[values.Length], movedNoise = new double[values.Length];
        for (long i = 0; i < values.LongLength; i++)
        {
            long d = i % size, outer = headMajor ? heads : tokens, inner = headMajor ? tokens : heads;
            long b = i / size / inner / outer, o = i / size / inner % outer, n = i / size % inner, to = ((b * inner + n) * outer + o) * size + d;
            (moved[to], movedNoise[to]) = (values[i], noise[i]);
        }
        return [new Expected(call.Type, shape, moved, movedNoise)];
    }

    private static (long Batch, long Tokens, long Heads, long Size, bool HeadMajor) Layout(OpCall call, OpTensor x)
    {
        if (x.Shape.Length == 4)
            return call.Text("layout") == "BNSH"
                ? (x.Shape[0], x.Shape[2], x.Shape[1], x.Shape[3], true)
                : (x.Shape[0], x.Shape[1], x.Shape[2], x.Shape[3], false);
        var heads = call.Int("num_heads");
        return x.Shape.Length == 3 ? (x.Shape[0], x.Shape[1], heads, x.Last / heads, false) : (1, x.Shape[0], heads, x.Last / heads, false);
    }

    public static IReadOnlyList<Expected> QkvSplit(OpCall call) =>
        [.. Widths(call).Select(block => Expected.Exactly(call.Type, [.. call["qkv"].Shape[..^1], block.Width], Columns(call["qkv"], block.Begin, block.Width)))];

    /// <summary>Q and K normalised by head and rotated, V copied; with caches, K and V land in a copy of the whole cache.</summary>
    public static IReadOnlyList<Expected> QkvSplitRope(OpCall call)
    {
        var qkv = call["qkv"];
        var caches = call.Signature.Op.Name == "QkvSplitRopeKvCache";
        long size = call.Int("head_dim"), tokens = qkv.Shape.Length == 1 ? 1 : qkv.Shape[^2], batches = tokens == 0 ? 0 : qkv.Rows / tokens;
        var tables = new Tables(call["cos"], call["sin"], tokens, call.Int("rotary_dim") is var r && r > 0 ? r : size, call.Text("style") == "interleaved");
        var outputs = new List<Expected>();
        foreach (var ((begin, width), block) in Widths(call).Select((w, i) => (w, i)))
        {
            double[] values = Columns(qkv, begin, width), noise = new double[values.Length];
            if (block < 2)
                for (long head = 0; head < values.LongLength / size; head++)
                {
                    Normalize(values, noise, head * size, size, call.Find(block == 0 ? "q_norm" : "k_norm"), call.Float("epsilon"));
                    var row = head / (width / size);
                    tables.Rotate(row / tokens, row % tokens, values, noise, head * size);
                }
            var exact = block == 2;
            var part = new Expected(call.Type, [.. qkv.Shape[..^1], width], values, noise) { BitExact = exact };
            outputs.Add(caches && block > 0 ? IntoCache(call[block == 1 ? "k_cache" : "v_cache"], part, width, tokens, batches, (long)call["position"].Values[0]) : part);
        }
        return outputs;
    }

    /// <summary>A copy of the cache with the new tokens in it.</summary>
    public static IReadOnlyList<Expected> KvCacheWrite(OpCall call)
    {
        OpTensor cache = call["cache"], x = call["X"];
        var headMajor = call.Text("layout") == "BNSH";
        long rows = cache.Shape[headMajor ? 2 : 1], heads = cache.Shape[headMajor ? 1 : 2], size = cache.Last, tokens = x.Count / cache.Shape[0] / heads / size;
        var fromHeadMajor = headMajor && x.Shape.Length == 4;
        double[] values = [.. cache.Values];
        for (long i = 0; i < x.Count; i++)
        {
            long d = i % size, inner = fromHeadMajor ? tokens : heads, outer = fromHeadMajor ? heads : tokens;
            long n = i / size % inner, o = i / size / inner % outer, b = i / size / inner / outer;
            var (token, head) = fromHeadMajor ? (n, o) : (o, n);
            token += (long)call["position"].Values[0];
            values[headMajor ? ((b * heads + head) * rows + token) * size + d : ((b * rows + token) * heads + head) * size + d] = x.Values[i];
        }
        return [Expected.Exactly(call.Type, cache.Shape, values)];
    }

    private static void Normalize(double[] values, double[] noise, long at, long size, OpTensor? weight, double epsilon)
    {
        if (weight is null)
            return;
        var squares = 0.0;
        for (long d = 0; d < size; d++)
            squares += values[at + d] * values[at + d];
        var factor = 1 / Math.Sqrt(squares / size + epsilon);
        for (long d = 0; d < size; d++)
        {
            values[at + d] *= factor * weight.Values[d];
            noise[at + d] = Math.Abs(values[at + d]) * Expected.Float32Noise;
        }
    }

    private static Expected IntoCache(OpTensor cache, Expected part, long width, long tokens, long batches, long position)
    {
        double[] values = [.. cache.Values], noise = new double[values.Length];
        var perBatch = cache.Count / width / Math.Max(batches, 1);
        for (long i = 0; i < part.Values.LongLength; i++)
        {
            long row = i / width, to = (row / tokens * perBatch + position + row % tokens) * width + i % width;
            (values[to], noise[to]) = (part.Values[i], part.Noise![i]);
        }
        return new Expected(cache.Type, cache.Shape, values, noise) { BitExact = part.BitExact };
    }

    /// <summary>Where Q, K and V begin in a merged row, and how wide they are.</summary>
    public static (long Begin, long Width)[] Widths(OpCall call)
    {
        long q = call.Int("q_dim"), k = call.Int("k_dim"), v = call.Int("v_dim");
        return [(0, q), (q, k), (q + k, v)];
    }

    /// <summary>A block of columns.</summary>
    public static double[] Columns(OpTensor x, long begin, long width)
    {
        var values = new double[x.Rows * width];
        for (long i = 0; i < values.LongLength; i++)
            values[i] = x.Values[i / width * x.Last + begin + i % width];
        return values;
    }

    /// <summary>Cosines and sines by batch, token and pair.</summary>
    public sealed class Tables(OpTensor cos, OpTensor sin, long tokens, long rotary, bool interleaved)
    {
        /// <summary>Rotates one head in place, and its noise with it.</summary>
        public void Rotate(long batch, long token, double[] values, double[] noise, long at)
        {
            var width = cos.Last;
            var row = (cos.Rows == tokens ? token : batch * tokens + token) * width;
            for (long pair = 0; pair < rotary / 2; pair++)
            {
                var column = interleaved && width == rotary ? 2 * pair : pair;
                double c = cos.Values[row + column], s = sin.Values[row + column];
                long first = at + (interleaved ? 2 * pair : pair), second = at + (interleaved ? 2 * pair + 1 : pair + rotary / 2);
                double a = values[first], b = values[second], na = noise[first], nb = noise[second];
                values[first] = a * c - b * s;
                values[second] = b * c + a * s;
                noise[first] = Math.Abs(na * c) + Math.Abs(nb * s) + (Math.Abs(a * c) + Math.Abs(b * s)) * Math.ScaleB(1, -22);
                noise[second] = Math.Abs(nb * c) + Math.Abs(na * s) + (Math.Abs(b * c) + Math.Abs(a * s)) * Math.ScaleB(1, -22);
            }
        }
    }
}
