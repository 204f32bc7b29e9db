using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>ScatterND(data, indices, updates)  →  com.flashrt ScatterND</c>, whose replay in a captured CUDA graph reads no staging memory.
/// </summary>
public sealed class ScatterRule : IRule
{
    // The kernel's limit.
    private const int MostAxes = 8;

    private static readonly Var Data = new("data"), Indices = new("indices"), Updates = new("updates");

    /// <inheritdoc/>
    public string Name => "ScatterND";

    /// <inheritdoc/>
    public Pattern Source { get; } = new Op("ScatterND", [Data, Indices, Updates]) { Domain = "" }
        .Where(n => n.Text("reduction", "none") == "none", "ScatterND without reduction");

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        if (match[Indices].Shape?[-1].Value is not (> 0 and <= MostAxes)) return $"the indices '{match[Indices].Name}' are {match[Indices]}; the op takes tuples of 1 to {MostAxes}";
        return Moved.TypeProblem("ScatterND", match[Data]);
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => new("ScatterND", [match[Data], match[Indices], match[Updates]], [match.Root]);
}
