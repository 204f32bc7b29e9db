namespace FlashRt.Onnx;

/// <summary>Where ONNX Runtime placed a node of the graph (after its basic optimisations).</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Domain">The op's domain, "" for standard ONNX.</param>
/// <param name="OpType">The op.</param>
/// <param name="Provider">For example CPUExecutionProvider.</param>
public sealed record NodePlacement(string Node, string Domain, string OpType, string Provider);
