namespace FlashRt.Validation;

/// <summary>How a model is timed.</summary>
public sealed record BenchOptions
{
    /// <summary>On the CUDA provider; otherwise on the CPU.</summary>
    public bool Cuda { get; init; }

    /// <summary>Capture the work into a CUDA graph and time its replays.</summary>
    public bool CudaGraph { get; init; }

    /// <summary>With the FlashRt library; without it a rewritten model runs as the functions it carries.</summary>
    public bool Library { get; init; } = true;

    /// <summary>What to run on; null makes up random inputs.</summary>
    public IReadOnlyDictionary<string, HostTensor>? Inputs { get; init; }

    /// <summary>Shapes of made-up inputs with dynamic axes.</summary>
    public IReadOnlyDictionary<string, long[]>? Shapes { get; init; }

    /// <summary>Seed of made-up inputs.</summary>
    public int Seed { get; init; }

    /// <summary>Timed runs; null takes as many as fit into <see cref="Budget"/>, from 10 to 1000.</summary>
    public int? Runs { get; init; }

    /// <summary>How long to time for, about.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(2);
}
