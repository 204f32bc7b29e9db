using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// Operands that hold one vector for all rows, or one for each batch: gates, scales and shifts of a modulation. The ops take [B, C] and
/// spread it themselves, so the Unsqueeze or Reshape that makes [B, 1, C] of it goes into the op, and with it a cast to a wider type.
/// </summary>
internal static class RowOperand
{
    /// <summary>An operand of more than one number, as the norms take it; ResidualAdd takes one number as well.</summary>
    public static Var Vector(string name) => new Var(name).Where(v => v.Shape is { Rank: > 0 } shape && (shape[-1].Value ?? 2) != 1, "a vector");

    /// <summary>The operand as a formula reads it.</summary>
    public static Pattern Spread(Var operand) => AddAxis(Widened(operand)) | Widened(AddAxis(operand)) | Widened(operand);

    /// <summary>One plus the operand: the factor of a modulation.</summary>
    public static Pattern OnePlus(Var operand) => 1 + Spread(operand) | AddAxis(1 + Widened(operand));

    /// <summary>Why the operand does not spread over the rows of x as the ops spread it; null when it does.</summary>
    public static string? Problem(Match match, Var operand, Value x)
    {
        var value = match[operand];
        if (value.Type != x.Type) return $"the operand '{value.Name}' is {value.Type.Name()}; x is {x.Type.Name()}";
        if (x.Shape is not { Rank: > 1 } rows || value.Shape is not { Rank: > 0 } own) return $"the shapes of '{value.Name}' and '{x.Name}' are not known";
        return own[-1].SameAs(rows[-1]) && (IsVector(own) || IsByBatch(match, value, rows)) ? null
            : $"the operand '{value.Name}' ({own}) is neither one vector nor one for each batch of x ({rows})";
    }

    private static bool IsVector(Shape own) => own.Take(own.Rank - 1).All(d => d.Value == 1);

    // [B, C] that got its axis of one, or [B, 1, .., C] as it is.
    private static bool IsByBatch(Match match, Value operand, Shape rows)
    {
        var own = operand.Shape!;
        if (!own[0].SameAs(rows[0])) return false;
        if (own.Rank == 2 && rows.Rank == 3) return match.Nodes.Any(n => IsAddedAxis(n) && Reads(n, operand));
        return own.Rank == rows.Rank && own.Skip(1).Take(own.Rank - 2).All(d => d.Value == 1);
    }

    private static bool Reads(Node axis, Value operand) => axis.Input(0) is { } input && (input == operand
        || (input.Producer is { OpType: "Cast" or "Add" } between && (between.Inputs.Contains(operand)
            || between.Inputs.Any(i => i?.Producer is { OpType: "Cast" } cast && cast.Input(0) == operand))));

    private static Pattern AddAxis(Pattern x) => new Op("Unsqueeze", [x]) { MoreInputs = true, MayStay = true, MayMiss = true }.Where(IsAddedAxis, "an axis of one before the last")
        | new Op("Reshape", [x]) { MoreInputs = true, MayStay = true, MayMiss = true }.Where(IsAddedAxis, "an axis of one before the last");

    private static bool IsAddedAxis(Node node) => node.OpType is "Unsqueeze" or "Reshape"
        && node.Input(0)?.Shape is { Rank: 2 } from && node.Outputs[0]?.Shape is { Rank: 3 } to
        && to[0].SameAs(from[0]) && to[1].Value == 1 && to[2].SameAs(from[1]);
}
