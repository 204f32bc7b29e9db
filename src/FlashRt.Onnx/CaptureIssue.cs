namespace FlashRt.Onnx;

/// <summary>A node, or an input, that prevents CUDA graph capture or makes its replays doubtful.</summary>
/// <param name="Node">Name of the node or input; "" where ONNX Runtime does not tell.</param>
/// <param name="OpType">The op, "" for an input.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record CaptureIssue(string Node, string OpType, string Reason)
{
    /// <summary>"Concat 'node_3': reason".</summary>
    public override string ToString() => $"{(OpType.Length > 0 ? OpType + " " : "")}'{Node}': {Reason}";
}
