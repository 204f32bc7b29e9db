namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>
/// One factor of a tensor axis: an axis of N·D merged heads is the factors N and D, in that order. Two tensors that share a factor run
/// through it together. Axes of one element have no factor, so that adding and dropping them changes nothing.
/// </summary>
internal sealed class Factor(Dim size)
{
    private IReadOnlyList<Factor>? parts;

    /// <summary>Number of positions.</summary>
    public Dim Size { get; } = size;

    /// <summary>Where the factor is a stretch of a longer axis: its first position there, and the factors inside the stretch.</summary>
    public (long Offset, IReadOnlyList<Factor> Inside)? Cut { get; init; }

    /// <summary>The factor itself, or the factors it was found to consist of.</summary>
    public IEnumerable<Factor> Leaves => parts is null ? [this] : parts.SelectMany(p => p.Leaves);

    /// <summary>The factors of a whole axis.</summary>
    public static IReadOnlyList<Factor> Axis(Dim size) => size.Value == 1 ? [] : [new Factor(size)];

    /// <summary>Takes the factor apart, for every tensor that has it.</summary>
    public IReadOnlyList<Factor> Split(params IEnumerable<Dim> sizes) => parts = [.. sizes.Where(s => s.Value != 1).Select(s => new Factor(s))];

    /// <summary>The number of positions of several factors together, null where one is not a number.</summary>
    public static long? Product(IEnumerable<Factor> factors) => factors.Aggregate((long?)1, (n, f) => n * f.Size.Value);

    /// <inheritdoc/>
    public override string ToString() => Size.ToString();
}
