namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>
/// What the argument of a softmax is: <c>cap(scale · q kᵀ) + masks</c>, read from the softmax towards the product. Scalars multiply up
/// on the way; a tanh turns what was collected so far into the cap.
/// </summary>
internal sealed record Scores
{
    /// <summary>The scalar factors met so far, of the scores or, past a cap, of what is capped.</summary>
    public double Scale { get; init; } = 1;

    /// <summary>The cap, 0 for none.</summary>
    public double Cap { get; init; }

    /// <summary>Masks, the outermost first.</summary>
    public IReadOnlyList<ScoreMask> Masks { get; init; } = [];

    /// <summary>An extra logit of each head that takes part in the denominator only.</summary>
    public TensorView? Sink { get; init; }

    /// <summary>Nodes from the softmax to the product.</summary>
    public IReadOnlyList<Node> Path { get; init; } = [];

    /// <summary>The product of queries and keys, once it is reached.</summary>
    public Product? Product { get; init; }

    /// <summary>Why it was not reached.</summary>
    public string? Reason { get; init; }
}
