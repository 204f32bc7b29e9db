using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using static FlashRt.GraphRewriter.Patterns.Ops;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>a = t · f · scale;  concat(sin(a), cos(a))  →  TimestepEmbedding(t, f, scale)</c> for float32 times t [B, 1], stored frequencies f and a
/// constant scale, in either order of the halves: the condition of diffusion and flow-matching models. A Cast to a narrower type behind it
/// goes into the op, and so does the exchange of the halves that diffusers calls flip_sin_to_cos.
/// </summary>
public sealed class TimestepEmbeddingRule : IRule
{
    private const string Sines = "sines first", Cosines = "cosines first", Exchange = "exchange";

    private static readonly Var A = new("a"), B = new("b"), Angle = new("angle"), Joined = new("joined");

    private static readonly Var Scale = new Var("scale").Where(v => v.Scalar is { } number && double.IsFinite(number), "a constant scale");

    private static readonly Pattern Angles = ((A * B) * Scale | A * B).As(Angle);

    private static readonly Pattern Halves = Join(new Op("Sin", [Angles]), new Op("Cos", [Angles])).Called(Sines)
        | Join(new Op("Cos", [Angles]), new Op("Sin", [Angles])).Called(Cosines);

    /// <inheritdoc/>
    public string Name => "TimestepEmbedding";

    /// <inheritdoc/>
    public Pattern Source { get; } = Narrowed(Join(Parts.Of(Halves.As(Joined), 1, 2), Parts.Of(Halves.As(Joined), 0, 2)).Called(Exchange) | Halves);

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var (times, frequencies) = Factors(match);
        if (match[Angle].Type != DataType.Float) return $"the angles '{match[Angle].Name}' are {match[Angle].Type.Name()}; the op computes them in float32";
        if (!match.Root.Type.IsFlashRtFloat()) return $"the result is {match.Root.Type.Name()}; the op gives float32, float16 and bfloat16";
        if (frequencies.Constant is not { } stored) return $"neither factor of the angles ('{times.Name}' and '{frequencies.Name}') is stored";
        if (stored.Dims.Count == 0 || stored.Dims.SkipLast(1).Any(d => d != 1)) return $"the frequencies '{frequencies.Name}' are [{string.Join(',', stored.Dims)}], no vector";
        return times.Shape is { Rank: > 1 } shape && shape[-1].Value == 1 && match[Angle].Shape?.Rank == shape.Rank ? null
            : $"the times '{times.Name}' are {times.Shape}; the op takes one for each row, [.., 1]";
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        var (times, frequencies) = Factors(match);
        List<(string Name, object Value)> attributes = [("output_dtype", match.Root.Type.Name())];
        if (match.Node(Cosines) is not null ^ match.Node(Exchange) is not null) attributes.Add(("order", "cos_sin"));
        if (match.Find(Scale)?.Scalar is { } scale and not 1) attributes.Add(("scale", scale));
        return new Fusion("TimestepEmbedding", [Column(times), builder.Constant(frequencies, DataType.Float, [frequencies.Constant!.Count])], [match.Root]) { Attributes = attributes };
    }

    private static Op Join(Pattern first, Pattern second) => new Op("Concat", [first, second])
        .Where(n => n.Int("axis", 0) is var axis && (axis == -1 || axis + 1 == n.Outputs[0]?.Shape?.Rank), "a Concat along the last axis");

    private static (Value Times, Value Frequencies) Factors(Match match) =>
        match[A].Constant is null ? (match[A], match[B]) : (match[B], match[A]);

    // [B, 1] that was [B].
    private static Value Column(Value times) => times is { Shape: { Rank: 2 } column, Producer: { OpType: "Unsqueeze" or "Reshape", Domain: "" } axis }
        && axis.Input(0) is { Shape: { Rank: 1 } vector } source && vector[0].SameAs(column[0]) ? source : times;
}
