namespace FlashRt.Onnx;

/// <summary>Names and layout of a decoder's inputs and outputs.</summary>
public sealed record DecodeLoopOptions
{
    /// <summary>The input with the tokens of a step.</summary>
    public string TokenInput { get; init; } = "input_ids";

    /// <summary>The input with the tokens' positions; null takes "position_ids" if the model has it.</summary>
    public string? PositionInput { get; init; }

    /// <summary>The output to choose the next token from; null takes the first that belongs to no cache pair.</summary>
    public string? LogitsOutput { get; init; }

    /// <summary>
    /// Pairs of past input and present output; empty pairs, in the model's order, the inputs and outputs whose names begin with "past" and "present".
    /// </summary>
    public IReadOnlyList<(string Past, string Present)> Cache { get; init; } = [];

    /// <summary>How present becomes past.</summary>
    public CacheUpdate Update { get; init; } = CacheUpdate.Auto;

    /// <summary>
    /// The axis of the positions in past and present; negative numbers count from the end. [batch, heads, positions, width] has it at -2.
    /// </summary>
    public int PositionAxis { get; init; } = -2;

    /// <summary>
    /// Positions that the cache has room for; a step beyond them is refused. Null takes the length of a cache that is updated in place, where a
    /// GPU would leave out the rows that are not there and say nothing, and no limit otherwise. A model that wraps around, as a ring does, has none:
    /// give long.MaxValue.
    /// </summary>
    public long? Capacity { get; init; }

    /// <summary>Tokens of a step, for a model that does not fix it.</summary>
    public int TokensPerStep { get; init; } = 1;

    /// <summary>Positions to allocate at first for a cache that grows.</summary>
    public int InitialCapacity { get; init; } = 256;
}
