using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>x · cos + concat(−x₂, x₁) · sin  →  RotaryEmbedding(x, cos, sin, style: rotate_half)</c> where x₁, x₂ are the halves of the last
/// axis. The op reads the first half of the tables only, so the tables must be provably the same in both halves. An Unsqueeze that
/// gives the tables their head axis goes into the op; where other sites share it, it stays for them.
/// </summary>
public sealed class RotaryEmbeddingRule : IRule
{
    private static readonly Var X = new("x"), Cos = new("cos"), Sin = new("sin");

    private static readonly Pattern RotatedHalf = new Op("Concat", [Neg(Halves.Second(X)), Halves.First(X)])
        .Where(n => n.Int("axis", 0) is var axis && (axis == -1 || axis + 1 == n.Outputs[0]?.Shape?.Rank), "a Concat along the last axis").Core();

    /// <inheritdoc/>
    public string Name => "RotaryEmbedding";

    /// <inheritdoc/>
    public Pattern Source { get; } = X * Table(Cos) + RotatedHalf * Table(Sin);

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var (x, cos, sin) = (match[X], match[Cos], match[Sin]);
        if (Norms.TypeProblem(match.Root, x) is { } problem) return problem;
        if (x.Shape is not { Rank: 4 } shape) return $"x ('{x.Name}') has not the four axes batch, heads, sequence and head size";
        foreach (var table in new[] { cos, sin })
        {
            if (table.Type != x.Type) return $"the table '{table.Name}' is {table.Type.Name()}; x is {x.Type.Name()}";
            if (Layout(match, table) is null) return $"the table '{table.Name}' ({table.Shape}) does not broadcast over the heads of x ({shape})";
            if (!RotaryTables.HalvesAgree(table)) return $"the two halves of the table '{table.Name}' are not provably the same";
        }
        return Layout(match, cos) == Layout(match, sin) ? null : "cos and sin have different layouts";
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) =>
        new("RotaryEmbedding", [match[X], Flat(match[Cos], builder), Flat(match[Sin], builder)], [match.Root])
        {
            Attributes = [("style", "rotate_half"), ("layout", Layout(match, match[Cos])!)],
        };

    private static Pattern Table(Var table) =>
        new Op("Unsqueeze", [table]) { MoreInputs = true, MayStay = true, MayMiss = true }.Where(IsHeadAxis, "an Unsqueeze that adds the head axis").Called(table.Name) | table;

    private static bool IsHeadAxis(Node node) => node.Input(0)?.Shape?.Rank == 3 && HeadAxis(node) is 1 or 2;

    private static long? HeadAxis(Node unsqueeze) =>
        (unsqueeze.Input(1) is { } v ? v.Integers : unsqueeze.Ints("axes")) is [var axis] ? axis < 0 ? axis + 4 : axis : null;

    // Which axis of x the table leaves to the heads: 1 is BNSH, 2 is BSNH.
    private static string? Layout(Match match, Value table)
    {
        var x = match[X].Shape!;
        var isCos = table == match[Cos];
        var heads = match.Node((isCos ? Cos : Sin).Name) is { } unsqueeze ? HeadAxis(unsqueeze)
            : table.Constant is null ? null
            : table.Shape is { Rank: 4 } t && t[1].Value == 1 && t[2].SameAs(x[2]) ? 1
            : table.Shape is { Rank: 4 } s && s[2].Value == 1 && s[1].SameAs(x[1]) ? 2 : null;
        if (heads is null) return null;
        var rows = table.Shape!;
        var sequence = rows.Rank == 3 ? rows[1] : rows[heads == 1 ? 2 : 1];
        var fits = rows[-1].SameAs(x[3]) && sequence.SameAs(x[heads == 1 ? 2 : 1]) && (rows[0].Value == 1 || rows[0].SameAs(x[0]));
        return fits ? heads == 1 ? "BNSH" : "BSNH" : null;
    }

    // The op takes [B,S,W]: a constant with a head axis gets another shape, and Layout admits no other four axes.
    private static Value Flat(Value table, FusionBuilder builder) => table.Constant is { Dims: [var batch, var a, var b, var width] }
        ? builder.Constant(table, table.Type, [batch, a * b, width]) : table;
}
