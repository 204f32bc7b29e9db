namespace FlashRt.GraphRewriter.Capture;

/// <summary>
/// A node, or a graph input (<paramref name="Op"/> is then empty), that is in the way of a CUDA graph: what is wrong, and what to do.
/// </summary>
public sealed record PreflightIssue(string Node, string Op, string Reason, string Advice);
