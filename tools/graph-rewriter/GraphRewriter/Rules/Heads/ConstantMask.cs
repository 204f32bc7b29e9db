using FlashRt.GraphRewriter.Ir.Evaluation;

namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>Which keys constant masks hide, over the axes [batch, heads, queries, keys], of which any may be 1 for all.</summary>
internal sealed record ConstantMask(long[] Dims, bool[] Hidden)
{
    /// <summary>A mask of 4096 x 4096 is looked at; larger ones are left to the runtime.</summary>
    internal const long MostElements = 1 << 24;

    /// <summary>Reads a mask that does nothing but hide keys; null where it is not one. <paramref name="dims"/>: its four axes.</summary>
    public static ConstantMask? Of(ScoreMask mask, long[] dims, DataType scores)
    {
        if (mask.View.Value.Constant is not { } tensor || tensor.Count > MostElements || tensor.Count != dims.Aggregate(1L, (n, d) => n * d)) return null;
        if (mask.Fill is not null)
            return tensor.Type == DataType.Bool ? new ConstantMask(dims, [.. tensor.ReadAsInt64().Select(v => v != 0 == mask.HidesWhere)]) : null;
        if (!tensor.Type.IsFloat()) return null;
        var values = tensor.ReadAsDouble();
        return values.All(v => v == 0 || ScoreReader.Hides(v, scores)) ? new ConstantMask(dims, [.. values.Select(v => v != 0)]) : null;
    }

    /// <summary>Both together.</summary>
    public ConstantMask And(ConstantMask other)
    {
        var dims = Broadcast.Dims(Dims, other.Dims);
        int[] left = Broadcast.Indices(Dims, dims), right = Broadcast.Indices(other.Dims, dims);
        return new ConstantMask([.. dims], [.. left.Zip(right, (i, j) => Hidden[i] || other.Hidden[j])]);
    }

    /// <summary>True when every query sees a key.</summary>
    public bool LeavesEveryRowAKey => Enumerable.Range(0, Hidden.Length / (int)Dims[3]).All(r => Hidden.AsSpan(r * (int)Dims[3], (int)Dims[3]).Contains(false));

    /// <summary>
    /// The attributes that say the same: causal (the last query sees every key) and a window of so many keys to the left, -1 for none.
    /// Null where the mask is something else.
    /// </summary>
    public (bool Causal, long Window)? AsAttributes(long queries, long keys)
    {
        if (!Hidden.Contains(true)) return (false, -1);
        if (queries < 1 || keys < 1) return null;
        if (Dims is not [1, 1, var rows, var columns] || columns != keys || (rows != queries && rows != 1)) return null;
        bool Hides(long i, long j) => Hidden[(rows == 1 ? 0 : i) * keys + j];
        var offset = keys - queries;
        var first = 0L;
        while (first < keys && Hides(queries - 1, first)) first++;
        var window = first == 0 ? -1 : queries - 1 + offset - first;
        var causal = queries > 1 && offset >= 0 && Hides(0, offset + 1 < keys ? offset + 1 : 0);
        for (long i = 0; i < queries; i++)
            for (long j = 0; j < keys; j++)
                if (Hides(i, j) != ((causal && j > i + offset) || (window >= 0 && j < i + offset - window))) return null;
        return (causal, window);
    }
}
