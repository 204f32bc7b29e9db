namespace FlashRt.Validation;

/// <summary>How long one run of a model takes, in microseconds, from call to finished outputs, inputs and outputs in fixed buffers on the device.</summary>
/// <param name="Model">The file.</param>
/// <param name="Provider">cpu or cuda.</param>
/// <param name="CudaGraph">Whether the runs were replays of a captured graph.</param>
/// <param name="Inputs">The inputs as name: type[shape].</param>
/// <param name="Runs">Timed runs, after the warm-up.</param>
/// <param name="P50Us">Median.</param>
/// <param name="P90Us">Nine of ten runs take no longer.</param>
/// <param name="MinUs">Fastest run.</param>
public sealed record BenchReport(
    string Model, string Provider, bool CudaGraph, IReadOnlyList<string> Inputs, int Runs, double P50Us, double P90Us, double MinUs)
{
    /// <summary>The report as JSON, with snake_case keys.</summary>
    public string ToJson() => ReportJson.Write(this);
}
