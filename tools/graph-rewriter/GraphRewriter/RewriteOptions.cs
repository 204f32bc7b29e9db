using FlashRt.GraphRewriter.Rules;

namespace FlashRt.GraphRewriter;

/// <summary>What a caller can ask of a rewrite.</summary>
public sealed record RewriteOptions
{
    /// <summary>Sizes for graph inputs, replacing their symbolic axes wherever the symbols appear.</summary>
    public IReadOnlyDictionary<string, long[]> Shapes { get; init; } = new Dictionary<string, long[]>();

    /// <summary>Sizes for symbolic axes of graph inputs, by the symbol's name.</summary>
    public IReadOnlyDictionary<string, long> Dims { get; init; } = new Dictionary<string, long>();

    /// <summary>Insert casts where nodes mix element types that ONNX Runtime refuses; without, such a model is refused.</summary>
    public bool Repair { get; init; }

    /// <summary>
    /// Write new keys and values into past inputs of this many positions instead of concatenating them (0: as many as present has), which
    /// changes the interface; null keeps it. See <see cref="Passes.InPlaceCache"/>.
    /// </summary>
    public long? CacheCapacity { get; init; }

    /// <summary>Keep for each fused node the function it replaces, so that the model runs without our library and can be restored.</summary>
    public bool Fallback { get; init; } = true;

    /// <summary>The rules to apply, in order; null applies <see cref="DefaultPipeline.Rules"/>.</summary>
    public IReadOnlyList<IRule>? Rules { get; init; }

    /// <summary>
    /// Replace what ONNX Runtime would capture unsafely in a CUDA graph and no rule took: Concat, Split, ScatterND and broadcast MatMul.
    /// </summary>
    public bool CaptureSafe { get; init; } = true;

    /// <summary>
    /// Compute gate and up, or queries, keys and values, as one product where the op behind them takes it packed. Their weights are stored
    /// side by side, in a file of their own where they come from files. Not with a list of <see cref="Rules"/> of the caller's.
    /// See <see cref="Passes.MergeProjections"/>.
    /// </summary>
    public bool MergeProjections { get; init; } = true;

    /// <summary>Rules of the caller's own, tried before <see cref="Rules"/>.</summary>
    public IReadOnlyList<IRule> OwnRules { get; init; } = [];
}
