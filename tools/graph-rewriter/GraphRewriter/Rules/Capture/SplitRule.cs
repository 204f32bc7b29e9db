using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary><c>Split(x)  →  com.flashrt Split</c>, whose replay in a captured CUDA graph reads no staging memory.</summary>
public sealed class SplitRule : IRule
{
    private const string Node = "split";

    private static readonly Var X = new("x");

    /// <inheritdoc/>
    public string Name => "Split";

    /// <inheritdoc/>
    public Pattern Source { get; } = new Op("Split", [X]) { Domain = "", MoreInputs = true }.Called(Node);

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var node = match.Node(Node)!;
        if (node.Outputs.Count > Moved.Most) return $"it gives {node.Outputs.Count} tensors; the op gives {Moved.Most}";
        if (node.Outputs.Any(o => o is null)) return "an output is left out";
        if (Sizes(node) is null) return $"the sizes of the parts of '{match[X].Name}' ({match[X].Shape}) are not known";
        return Moved.TypeProblem("Split", match[X]);
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        var node = match.Node(Node)!;
        return new Fusion("Split", [match[X]], [.. node.Outputs.Select(o => o!)])
        {
            Attributes = [("axis", node.Int("axis", 0)), ("sizes", Sizes(node)!)],
        };
    }

    // Stated, or equal parts of which the last may be smaller (num_outputs).
    private static long[]? Sizes(Node node)
    {
        if (node.Input(1) is { } stated) return stated.Integers is { } sizes && sizes.Length == node.Outputs.Count ? sizes : null;
        if (node.Ints("split") is { } attribute) return attribute.Length == node.Outputs.Count ? attribute : null;
        if (node.Input(0)?.Shape?[(int)node.Int("axis", 0)].Value is not { } whole) return null;
        var part = (whole + node.Outputs.Count - 1) / node.Outputs.Count;
        var last = whole - part * (node.Outputs.Count - 1);
        return last < 0 ? null : [.. Enumerable.Repeat(part, node.Outputs.Count - 1), last];
    }
}
