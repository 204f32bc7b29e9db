using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>x + dt · v  →  EulerStep(x, v, dt)</c> for a float32 state, a constant step and a velocity in half precision that the graph widens.
/// Where state and velocity are of one type, or the step is computed, the gated residual takes it.
/// </summary>
public sealed class EulerStepRule : IRule
{
    private static readonly Var State = new Var("x").Where(v => v.Constant is null && v.Type == DataType.Float, "a float32 state");

    private static readonly Var Velocity = new Var("v").Where(v => v.Type.IsFlashRtFloat() && v.Type != DataType.Float, "a velocity in half precision");

    private static readonly Var Step = new Var("dt").Where(v => v.Scalar is { } dt && double.IsFinite(dt), "a constant step");

    private static readonly Pattern Widening = new Op("Cast", [Velocity]) { MayStay = true };

    /// <inheritdoc/>
    public string Name => "EulerStep";

    /// <inheritdoc/>
    public Pattern Source { get; } = State + Widening * Step | (State - Widening * Step).As(new Var("back"));

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var (x, v) = (match[State], match[Velocity]);
        return x.Shape?.SameAs(v.Shape) == true ? null : $"'{x.Name}' and '{v.Name}' are not provably of one shape ({x.Shape} and {v.Shape})";
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => new("EulerStep", [match[State], match[Velocity]], [match.Root])
    {
        Attributes = [("dt", match.Find(new Var("back")) is null ? match[Step].Scalar!.Value : -match[Step].Scalar!.Value)],
    };
}
