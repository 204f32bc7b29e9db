namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>The arrangements of queries, keys, values and outputs that com.flashrt ops take.</summary>
internal enum HeadForm
{
    /// <summary>None of them.</summary>
    None,

    /// <summary>[B, S, N·D] or, for one batch entry, [S, N·D].</summary>
    Merged,

    /// <summary>[B·S, N·D], which only results may be.</summary>
    Rows,

    /// <summary>[B, S, N, D].</summary>
    TokensFirst,

    /// <summary>[B, N, S, D].</summary>
    HeadsFirst,

    /// <summary>A stretch of the columns of [B, S, ...] or [S, ...]: queries, keys or values that lie side by side.</summary>
    Packed,
}
