using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>x · W + b  →  Gemm(x, W, b)</c> for a stored matrix W, and ONNX's Gemm with a bias or with a matrix C: one product whose epilogue
/// adds before the one rounding. A product without an epilogue is left to ONNX Runtime, which calls the same library for it.
/// </summary>
public sealed class GemmRule : IRule
{
    private static readonly Var Third = new("c");

    private static readonly Var Bias = Products.Bias.Where(b => b.Shape?.Rank == 1, "a bias vector");

    /// <inheritdoc/>
    public string Name => "Gemm";

    /// <inheritdoc/>
    public Pattern Source { get; } = Products.Stock + Bias | Products.OnnxGemm(Third);

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        if (Products.TypeProblem(match, match.Find(Bias), match.Find(Third)) is { } problem) return problem;
        if (match.Find(Bias) is { } bias) return Products.BiasProblem(match, bias);
        var third = match[Third];
        if (IsMatrix(match, third)) return null;
        return Products.BiasProblem(match, third)
            ?? (match.Node(Products.Node)!.Float("beta", 1) is var beta and not 1 ? $"the bias '{third.Name}' is multiplied by beta = {beta}" : null);
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        if (match.Find(Bias) is { } bias) return Products.Fuse(match, bias, null);
        if (!IsMatrix(match, match[Third])) return Products.Fuse(match, match[Third], null);
        var fusion = Products.Fuse(match, null, match[Third]);
        return match.Node(Products.Node)!.Float("beta", 1) is var beta and not 1
            ? fusion with { Attributes = [.. fusion.Attributes, ("beta", beta)] } : fusion;
    }

    private static bool IsMatrix(Match match, Value third) => third.Shape is { Rank: 2 } shape && shape.SameAs(match.Root.Shape);
}
