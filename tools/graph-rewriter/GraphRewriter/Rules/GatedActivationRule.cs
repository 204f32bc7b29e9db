using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>act(gate) · up  →  GatedActivation(gate, up)</c> for GELU (GEGLU), SiLU (SwiGLU), ReLU (ReGLU) and the logistic function (GLU); where
/// gate and up are the two halves of one tensor, in either order, the op reads that tensor and the split disappears. Between casts from and
/// to a narrow type it is the op in that type.
/// </summary>
public sealed class GatedActivationRule : IRule
{
    private static readonly Var Gate = new("gate"), GateUp = new("gate_up"), UpGate = new("up_gate");

    private static readonly Var Up = new Var("up").Where(v => v.Constant is null, "a computed tensor");

    /// <inheritdoc/>
    public string Name => "GatedActivation";

    /// <inheritdoc/>
    public Pattern Source { get; } = Narrowed(Gated(Widened(Halves.First(GateUp)), Widened(Halves.Second(GateUp)))
        | Gated(Widened(Halves.Second(UpGate)), Widened(Halves.First(UpGate))) | Gated(Widened(Gate), Widened(Up)));

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var x = Merged(match) ?? match[Gate];
        if ((Norms.TypeProblem(match.Root, x) ?? GeluFormula.ConstantProblem(match)) is { } problem) return problem;
        if (match.Find(Up) is not { } up) return null;
        if (up == x || (up.Producer is { } node && match.Nodes.Contains(node))) return "gate and up are one tensor";
        if (up.Type != x.Type) return $"gate '{x.Name}' is {x.Type.Name()} and up '{up.Name}' {up.Type.Name()}; the op has one type";
        return x.Shape is not null && x.Shape.SameAs(up.Shape) ? null
            : $"gate '{x.Name}' and up '{up.Name}' are not provably of one shape ({x.Shape} and {up.Shape})";
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        var activation = match.Node("gelu") is { } gelu ? Activations.OfGelu(gelu)
            : GeluFormula.Find(match) is { } form ? Activations.Gelu(form)
            : match.Node("relu") is not null ? "relu" : match.Node("logistic") is not null ? "sigmoid" : "silu";
        return new Fusion("GatedActivation", Merged(match) is { } merged ? [merged] : [match[Gate], match[Up]], [match.Root])
        {
            Attributes = match.Find(UpGate) is null ? [("activation", activation)] : [("activation", activation), ("order", "up_gate")],
        };
    }

    private static Pattern Gated(Pattern gate, Pattern up) => Activation(gate) * up | ProductOf(gate, Sigmoid(gate), up) | Glu(gate, up);

    private static Pattern Activation(Pattern x) => Fused("Gelu", x).Called("gelu") | GeluFormula.WrittenOut(x, core: false) | Fused("Silu", x) | Silu(x) | new Op("Relu", [x]) { Domain = "" }.Called("relu");

    private static Pattern Glu(Pattern gate, Pattern up) => up * Sigmoid(gate).Called("logistic");

    private static Value? Merged(Match match) => match.Find(GateUp) ?? match.Find(UpGate);
}
