using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Passes.Canonical;
using FlashRt.GraphRewriter.Rules;

namespace FlashRt.GraphRewriter;

/// <summary>What a rewrite does, in order. ★ Start reading here.</summary>
public static class DefaultPipeline
{
    /// <summary>Every rule. Later rules build on what earlier ones made, as AddRmsNorm does on RmsNorm.</summary>
    public static IReadOnlyList<IRule> Rules { get; } =
    [
        new OnnxAttentionRule(),
        new MultiHeadAttentionRule(),
        new GroupQueryAttentionRule(),
        new AttentionRule(),        // before the rules of single products and softmaxes
        new LayerNormRule(),        // before RmsNorm: a LayerNorm is an RmsNorm of the centred input
        new RmsNormRule(),
        new GeluRule(),
        new SiluRule(),
        new GatedActivationRule(),  // after Silu, which is no gate of another tensor; before the biased activations: a gate is worth more than a bias
        BiasActivationRule.Gelu,
        BiasActivationRule.Silu,
        new RotaryEmbeddingRule(),
        new AdaLayerNormRule(),
        new AdaRmsNormRule(),
        new EulerStepRule(),
        new TimestepEmbeddingRule(),
        new GatedResidualRule(),
        GatedAddAdaNormRule.Layer,
        GatedAddAdaNormRule.Rms,
        AddNormRule.Rms,
        AddNormRule.Layer,
        new PatchIm2colRule(),
        new GemmRule(),             // products last: what other rules make of biases and sums costs less
        new GemmRowsRule(),
        new GemmSoftcapRule(),
        new GemmScaleRule(),
        new GemmActivationRule(),
        new GemmResidualRule(),
        BiasActivationRule.Relu,    // where no product takes the bias
    ];

    /// <summary>What brings a graph into canonical form, before the rules: each pass but NarrowAttention is exact; they run until none changes anything.</summary>
    public static IReadOnlyList<IPass> Canonical { get; } =
    [
        new ExpandContrib(),
        new ExpandGroupQuery(),     // before its rotations
        new ExpandRotary(),
        new BareAttention(),
        new InlineBranches(),
        new DropNoOps(),
        new FoldConstants(),
        new RegularGathers(),
        new PlainGathers(),
        new MaskedWrites(),
        new MergeCasts(),
        new HoistCasts(),
        new MergeTransposes(),
        new MergeReshapes(),
        new RowMoves(),
        new KeyMoves(),
        new AlignAddends(),
        new ConstantShapes(),
        new JoinSoftmax(),
        new PatchConvolutions(),
        new NarrowAttention(),
        new JoinMasks(),
        new DropNanGuards(),
        new DropDeadCode(),
    ];

    /// <summary>The passes of one rewrite.</summary>
    public static IReadOnlyList<IPass> Passes(RewriteOptions options) =>
    [
        new CheckVersions(),
        new RepairTypes(),                                 // --repair
        new FixInputShapes(),                              // --shape, --dims
        new Canonicalize(Canonical),
        new SplitStacks(),                                 // after merged reshapes
        new InPlaceCache(),                                // --kv-cache in-place
        .. options.CacheCapacity is null ? Array.Empty<IPass>() : [new Canonicalize(Canonical)],
        new StateShapes(),                                 // --shape, --dims
        new PatchMisses(),
        new UntilStable(options.OwnRules.Concat(options.Rules ?? Rules).Select(r => new RulePass(r)),
            options.Rules is not null ? [] : options.CaptureSafe ? [new MergeProjections(), .. MakeCaptureSafe] : [new MergeProjections()]),
        .. options.Rules is { Count: 0 } ? Array.Empty<IPass>() : [new CheckTypes()],
        new NumberSites(),                                 // overloads in graph order
        new DropUnused(),                                  // constants and type notes nobody needs any more
        new StateVersions(),                               // IR version and operator set for functions and com.flashrt
        .. options.Fallback ? Array.Empty<IPass>() : [new DropBodies()],
    ];

    // What is left of Concat, Split, ScatterND and broadcast MatMul.
    private static IPass[] MakeCaptureSafe => [new CaptureSafe(), new StridedMatMul(), new Canonicalize(Canonical)];
}
