namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Writes GroupQueryAttention of com.microsoft, which the genai model builder and ONNX Runtime's optimisers make, as what it computes:
/// rotated queries and keys, the caches with the new tokens at the place of each sequence, and attention over them. A cache that comes out
/// has zeros past the end of a sequence, as ONNX Runtime leaves them where it is not the same buffer as the one that went in.
/// </summary>
public sealed class ExpandGroupQuery : IPass
{
    /// <inheritdoc/>
    public string Name => "Expand grouped attention";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var shared = new Dictionary<string, string>(StringComparer.Ordinal);
        var expanded = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node is not { OpType: "GroupQueryAttention", Domain: "com.microsoft" } || GroupQuery.Read(node).Found is not { } site) continue;
            edit.Replace(node, new GroupQueryNodes(site, new NodeWriter(edit, node.Outputs[0]!), shared).Write());
            expanded++;
        }
        return edit.Apply(expanded);
    }
}
