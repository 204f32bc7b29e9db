using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary><c>Concat(x, y, ..)  →  com.flashrt Concat</c>, whose replay in a captured CUDA graph reads no staging memory.</summary>
public sealed class ConcatRule : IRule
{
    private const string Node = "concat";

    /// <inheritdoc/>
    public string Name => "Concat";

    /// <inheritdoc/>
    public Pattern Source { get; } = new Op("Concat", [new Var("x")]) { Domain = "", MoreInputs = true }.Called(Node);

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var inputs = match.Node(Node)!.Inputs;
        if (inputs.Count > Moved.Most) return $"it joins {inputs.Count} tensors; the op takes {Moved.Most}";
        return inputs.Any(i => i is null) ? "an input is left out" : Moved.TypeProblem("Concat", match.Root);
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => new("Concat", match.Node(Node)!.Inputs, [match.Root])
    {
        Attributes = [("axis", match.Node(Node)!.Int("axis", 0))],
    };
}
