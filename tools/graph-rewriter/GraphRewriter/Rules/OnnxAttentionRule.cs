using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using FlashRt.GraphRewriter.Rules.Heads;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// ONNX's Attention (opset 23 and 24) to Attention of com.flashrt, with the transposes, reshapes and repeated heads around it. Its result
/// for rows that see no key is zeros here, as PyTorch's attention, from which exporters make the operator, has it.
/// </summary>
public sealed class OnnxAttentionRule : IRule
{
    private enum Input { Q, K, V, Mask, PastKey, PastValue, KeyLength }

    /// <inheritdoc/>
    public string Name => "OnnxAttention";

    /// <inheritdoc/>
    public Pattern Source { get; } = new Op("Attention", [new Var("q"), new Var("k"), new Var("v")]) { MoreInputs = true, Domain = "" }.Core();

    /// <inheritdoc/>
    public string? Reject(Match match) => Read(match.Core, new FusionBuilder(match.Graph)).Reason;

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        var fusion = Read(match.Core, builder).Site!.Fusion();
        if (match.Core.Input((int)Input.KeyLength) is not { } length) return fusion;
        var inputs = fusion.Inputs.ToList();
        while (inputs.Count < 6) inputs.Add(null);
        inputs[5] = length;
        return fusion with { Inputs = inputs };
    }

    /// <summary>The operator as a site, or why it is none.</summary>
    internal static (AttentionSite? Site, string? Reason) Read(Node node, FusionBuilder builder)
    {
        if (node.Outputs[0] is null) return (null, "its result is not used");
        if (node.Input((int)Input.PastKey) is not null) return (null, "it concatenates past keys and values itself");
        if (node.Outputs.Skip(1).Any(o => o is not null && (o.Uses.Count > 0 || o.IsOutput))) return (null, "its present keys, values or scores are used");
        if (node.Input((int)Input.KeyLength) is { } length && (node.Int("is_causal", 0) != 0 || length.Type != DataType.Int64))
            return (null, "it has a key length together with is_causal, or one that is not int64");
        Value q = node.Input(0)!, k = node.Input(1)!, v = node.Input(2)!;
        if (Views(node, q, k, v, node.Outputs[0]!) is not { } candidates) return (null, $"the heads of '{q.Name}' ({q.Shape}), '{k.Name}' ({k.Shape}) and '{v.Name}' ({v.Shape}) are not known");
        if (node.Float("softcap", 0) > 0 && node.Input((int)Input.Mask) is not null) return (null, "the mask is added before the cap; the op caps first");
        if (node.Int("is_causal", 0) != 0 && !Same(candidates.Tokens, candidates.KeyTokens))
            return (null, "it is causal from the first key on, and there are not provably as many keys as queries");

        var scores = new Scores { Cap = node.Float("softcap", 0), Scale = Scale(node, candidates) };
        if (scores.Cap > 0) scores = scores with { Scale = scores.Scale / scores.Cap };
        if (node.Input((int)Input.Mask) is { } mask)
        {
            var heads = candidates.Lead.Skip(Factor.Axis(q.Shape![0]).Count).ToArray();
            var all = new TensorView(mask, [[.. candidates.Lead.SkipLast(heads.Length)], heads, candidates.Tokens, candidates.KeyTokens]);
            if (all.Broadcast(mask) is not { } view) return (null, $"the shape of the mask '{mask.Name}' is not known");
            scores = scores with { Masks = [new ScoreMask(node, q, view, mask.Type == DataType.Bool ? double.NegativeInfinity : null)] };
        }
        var (site, reason) = AttentionSite.Of(candidates, scores, guarded: true, builder);
        if (site is null || node.Int("is_causal", 0) == 0) return (site, reason);
        return (site with { Masking = site.Masking with { Causal = true } }, null);
    }

    // [B,N,S,D], or [B,S,N·D] with the numbers of heads as attributes.
    private static Arrangement.Candidates? Views(Node node, Value q, Value k, Value v, Value y)
    {
        if (q.Shape is not { Rank: 3 or 4 } qs || k.Shape is not { } ks || v.Shape is not { } vs || ks.Rank != qs.Rank || vs.Rank != qs.Rank) return null;
        var split = qs.Rank == 4;
        var heads = split ? qs[1].Value : node.Int("q_num_heads", 0);
        var own = split ? ks[1].Value : node.Int("kv_num_heads", 0);
        if (heads is not > 0 || own is not > 0 || heads % own != 0) return null;
        if ((split ? qs[3] : Over(qs[2], heads.Value)) is not { Value: not null } d || (split ? vs[3] : Over(vs[2], own.Value)) is not { Value: not null } dv) return null;

        IReadOnlyList<Factor> batch = Factor.Axis(qs[0]), tokens = Factor.Axis(qs[split ? 2 : 1]), channels = Factor.Axis(d), valueChannels = Factor.Axis(dv);
        var keyTokens = Factor.Axis(ks[split ? 2 : 1]);
        IReadOnlyList<Factor> kvHeads = Factor.Axis(own.Value), allHeads = [.. kvHeads, .. Factor.Axis(heads.Value / own.Value)];
        TensorView View(Value value, IReadOnlyList<Factor> n, IReadOnlyList<Factor> s, IReadOnlyList<Factor> c) =>
            new(value, split ? [batch, n, s, c] : [batch, s, [.. n, .. c]]);
        return new Arrangement.Candidates(Operand.Sources(View(q, allHeads, tokens, channels), scalars: true), Operand.Sources(View(k, kvHeads, keyTokens, channels), scalars: true),
            Operand.Sources(View(v, kvHeads, keyTokens, valueChannels)), Operand.Results(View(y, allHeads, tokens, valueChannels)))
        {
            Lead = [.. batch, .. allHeads],
            Tokens = tokens,
            KeyTokens = keyTokens,
            Channels = channels,
            ValueChannels = valueChannels,
        };
    }

    private static Dim? Over(Dim width, long parts) => width.Value % parts == 0 ? width.Value / parts : null;

    private static bool Same(IReadOnlyList<Factor> a, IReadOnlyList<Factor> b) => a.Count == b.Count && a.Zip(b).All(p => p.First.Size.SameAs(p.Second.Size));

    private static double Scale(Node node, Arrangement.Candidates candidates) => node.Attribute("scale") is { } a ? a.F : 1 / Math.Sqrt(Factor.Product(candidates.Channels)!.Value);
}
