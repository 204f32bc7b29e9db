namespace FlashRt.Validation;

/// <summary>What is validated, on what, and how closely.</summary>
public sealed record ValidationOptions
{
    /// <summary>The data to run on; null makes up seeded random inputs.</summary>
    public IReadOnlyList<TestDataSet>? Data { get; init; }

    /// <summary>Shapes of made-up inputs with dynamic axes.</summary>
    public IReadOnlyDictionary<string, long[]>? Shapes { get; init; }

    /// <summary>Seed of made-up inputs.</summary>
    public int Seed { get; init; }

    /// <summary>Also compare every fused op with the subgraph it replaced.</summary>
    public bool Sites { get; init; }

    /// <summary>Relative tolerance for the model's outputs; null takes that of the model's precision.</summary>
    public double? Rtol { get; init; }

    /// <summary>Absolute tolerance for the model's outputs; null makes it a fraction of each output's RMS.</summary>
    public double? Atol { get; init; }

    /// <summary>Run the rewritten model and the fused ops on the CUDA provider; the reference always runs on the CPU.</summary>
    public bool Cuda { get; init; }
}
