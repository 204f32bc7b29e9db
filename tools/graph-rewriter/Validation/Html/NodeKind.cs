namespace FlashRt.Validation.Html;

/// <summary>The colour of a node: ours, work, or data that only moves.</summary>
internal static class NodeKind
{
    private static readonly HashSet<string> Work = ["MatMul", "Gemm", "Conv", "ConvTranspose", "Attention", "MultiHeadAttention", "GroupQueryAttention", "Einsum", "MatMulNBits"];

    private static readonly HashSet<string> Moves =
    [
        "Cast", "Concat", "Expand", "Flatten", "Gather", "Identity", "Reshape", "ScatterND", "Shape", "Slice", "Split", "Squeeze", "Tile", "Transpose", "Unsqueeze", "Where",
    ];

    public static string Of(Node node) => node.Domain == FusedSites.Domain ? "ours" : Work.Contains(node.OpType) ? "work" : Moves.Contains(node.OpType) ? "move" : "other";
}
