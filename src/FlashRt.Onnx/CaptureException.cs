namespace FlashRt.Onnx;

/// <summary>A model could not be captured into a CUDA graph, or the replay of the graph is wrong.</summary>
public sealed class CaptureException : FlashRtException
{
    private const int Shown = 10;

    /// <summary>Creates the exception.</summary>
    public CaptureException(string message, IReadOnlyList<CaptureIssue> issues, Exception? cause = null) : base(Describe(message, issues), cause!) => Issues = issues;

    /// <summary>The nodes and inputs that are responsible, with the reason for each; empty when that is not known.</summary>
    public IReadOnlyList<CaptureIssue> Issues { get; }

    private static string Describe(string message, IReadOnlyList<CaptureIssue> issues)
    {
        if (issues.Count == 0) return message;
        string more = issues.Count > Shown ? $"\n  and {issues.Count - Shown} more" : "";
        return $"{message}\n  {string.Join("\n  ", issues.Take(Shown))}{more}";
    }
}
