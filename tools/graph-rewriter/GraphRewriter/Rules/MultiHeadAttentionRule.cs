using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using FlashRt.GraphRewriter.Rules.Heads;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// com.microsoft's MultiHeadAttention, without the biases, pasts and masks that canonical form takes out of it, to Attention:
/// queries [B, S, N·D], keys and values [B, T, N·D] or, as cross attention caches them, [B, N, T, D].
/// </summary>
public sealed class MultiHeadAttentionRule : IRule
{
    /// <inheritdoc/>
    public string Name => "MultiHeadAttention";

    /// <inheritdoc/>
    public Pattern Source { get; } = new Op("MultiHeadAttention", [new Var("query")]) { MoreInputs = true, Domain = "com.microsoft" }.Core();

    /// <inheritdoc/>
    public string? Reject(Match match) => Read(match.Core, new FusionBuilder(match.Graph)).Reason;

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => Read(match.Core, builder).Site!.Fusion();

    private static (AttentionSite? Site, string? Reason) Read(Node node, FusionBuilder builder)
    {
        if (node.Outputs[0] is null || node.Outputs.Skip(1).Any(o => o is not null)) return (null, "its present keys, values or scores are used");
        if (node.Input(3) is not null || node.Input(4) is not null) return (null, "it adds a bias, or has a padding mask, of a form that is not taken out of it");
        if (node.Inputs.Skip(6).Any(i => i is not null)) return (null, "it concatenates past keys and values itself, of a form that is not taken out of it");
        if (node.Int("unidirectional", 0) != 0) return (null, "it is causal by attribute, and the numbers of its queries and keys are not known; --dims or --shape give them");
        var heads = node.Int("num_heads", 0);
        if (heads <= 0 || node.Input(0) is not { Shape: { Rank: 3 } qs } q || node.Input(1) is not { Shape: { Rank: 3 or 4 } ks } k || node.Input(2) is not { Shape: { } vs } v || vs.Rank != ks.Rank)
            return (null, "its query, key and value are packed, or their ranks are not known");
        var apart = ks.Rank == 4;
        if (Over(qs[2], heads) is not { } size || (apart ? vs[3] : Over(vs[2], heads)) is not { Value: not null } valueSize) return (null, "the size of its heads is not known");

        IReadOnlyList<Factor> batch = Factor.Axis(qs[0]), n = Factor.Axis(heads), tokens = Factor.Axis(qs[1]), keys = Factor.Axis(ks[apart ? 2 : 1]);
        IReadOnlyList<Factor> channels = Factor.Axis(size), valueChannels = Factor.Axis(valueSize);
        TensorView Keys(Value value, IReadOnlyList<Factor> c) => new(value, apart ? [batch, n, keys, c] : [batch, keys, [.. n, .. c]]);
        var candidates = new Arrangement.Candidates(Operand.Sources(new TensorView(q, [batch, tokens, [.. n, .. channels]]), scalars: true), Operand.Sources(Keys(k, channels), scalars: true),
            Operand.Sources(Keys(v, valueChannels)), Operand.Results(new TensorView(node.Outputs[0]!, [batch, tokens, [.. n, .. valueChannels]])))
        {
            Lead = [.. batch, .. n],
            Tokens = tokens,
            KeyTokens = keys,
            Channels = channels,
            ValueChannels = valueChannels,
        };
        var scores = new Scores { Scale = node.Float("scale", 0) is var scale && scale != 0 ? scale : 1 / Math.Sqrt(size.Value!.Value) };
        if (node.Input(5) is not { } bias) return AttentionSite.Of(candidates, scores, guarded: true, builder);
        var whole = new TensorView(bias, [batch, n, tokens, keys]);
        if (whole.Broadcast(bias) is not { } view || Terms(node, q, whole) is not { } terms) return (null, $"the shape of the mask '{bias.Name}' is not known");
        var split = AttentionSite.Of(candidates, scores with { Masks = terms }, guarded: true, builder);
        return split.Site is null && terms.Count > 1 ? AttentionSite.Of(candidates, scores with { Masks = [new ScoreMask(node, q, view)] }, guarded: true, builder) : split;
    }

    // What is added up to the mask, of which some may be an attribute of the op.
    private static IReadOnlyList<ScoreMask>? Terms(Node node, Value q, TensorView scores)
    {
        if (scores.Value.Producer is { OpType: "Add", Domain: "", Inputs: [{ } a, { } b] } && Terms(node, q, scores with { Value = a }) is { } left && Terms(node, q, scores with { Value = b }) is { } right)
            return [.. left, .. right];
        return scores.Broadcast(scores.Value) is { } view ? [new ScoreMask(node, q, view)] : null;
    }

    private static Dim? Over(Dim width, long parts) => width.Value is { } w && w % parts == 0 ? w / parts : null;
}
