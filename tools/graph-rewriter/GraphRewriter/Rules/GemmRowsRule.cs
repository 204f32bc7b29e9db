using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>reshape(Gemm(reshape(x)))  →  Gemm(x)</c> where the first Reshape only flattens the rows and the second puts their axes back, as
/// ONNX's Gemm and PyTorch's addmm ask for: the op takes rows of any rank.
/// </summary>
public sealed class GemmRowsRule : IRule
{
    /// <inheritdoc/>
    public string Name => "GemmRows";

    /// <inheritdoc/>
    public Pattern Source { get; } = new Op("Reshape", [Products.OfFlatRows(Flat)]) { MoreInputs = true }.Where(PutsRowsBack, "a Reshape that puts the axes of the rows back");

    /// <inheritdoc/>
    public string? Reject(Match match) => Products.TypeProblem(match, match.Find(Products.Bias));

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => Products.Fuse(match, match.Find(Products.Bias), null);

    private static Pattern Flat(Pattern x) => new Op("Reshape", [x]) { MoreInputs = true, MayStay = true }.Where(FlattensRows, "a Reshape that flattens rows");

    private static bool FlattensRows(Node node) => node.Input(0)?.Shape is { Rank: > 2 } from && node.Outputs[0]?.Shape is { Rank: 2 } to && to[-1].SameAs(from[-1]);

    private static bool PutsRowsBack(Node node)
    {
        if (node.Input(0)?.Producer?.Input(0)?.Producer is not { OpType: "Reshape" } flat || flat.Input(0)?.Shape is not { } rows) return false;
        return node.Outputs[0]?.Shape is { } shape && shape.Rank == rows.Rank && shape.SkipLast(1).Zip(rows.SkipLast(1)).All(d => d.First.SameAs(d.Second));
    }
}
