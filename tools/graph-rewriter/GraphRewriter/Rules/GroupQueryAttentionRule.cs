using System.Diagnostics;
using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Passes.Canonical;
using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// com.microsoft's GroupQueryAttention. Canonical form writes it out wherever its sizes are known, and the rules for attention and rotary
/// embeddings do the rest; for those that are left, this says why.
/// </summary>
public sealed class GroupQueryAttentionRule : IRule
{
    /// <inheritdoc/>
    public string Name => "GroupQueryAttention";

    /// <inheritdoc/>
    public Pattern Source { get; } = new Op("GroupQueryAttention", [new Var("query")]) { MoreInputs = true, Domain = "com.microsoft" }.Core();

    /// <inheritdoc/>
    public string? Reject(Match match) => GroupQuery.Read(match.Core).Reason ?? "the model is not in canonical form, which writes it out";

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => throw new UnreachableException("every match is rejected");
}
