using FlashRt.GraphRewriter.Passes.Canonical;
using FlashRt.GraphRewriter.Rules;

namespace FlashRt.GraphRewriter.Passes;

/// <summary>Notes why convolutions that look like the embedding of patches stayed. It changes nothing.</summary>
public sealed class PatchMisses : IPass
{
    /// <inheritdoc/>
    public string Name => "Patch misses";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        foreach (var node in context.Model.Graph.Nodes)
            if (PatchConvolution.Read(node).Reason is { } reason) context.NotFused.Add(new UnfusedSite(PatchIm2colRule.RuleName, node.Name, reason));
        return 0;
    }
}
