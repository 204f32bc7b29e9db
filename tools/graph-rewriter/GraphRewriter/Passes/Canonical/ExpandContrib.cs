namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Writes the com.microsoft ops that ONNX Runtime's optimisers make out of plain formulas as those formulas again (skip norms, GELUs with
/// bias, FusedMatMul, activations in Gemm and Conv), so that one set of rules sees them all. Ops that rules match as they are (attention,
/// rotary embedding, GELUs without bias) stay.
/// </summary>
public sealed class ExpandContrib : IPass
{
    /// <inheritdoc/>
    public string Name => "Expand contrib ops";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var expanded = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node.Domain != "com.microsoft" || node.Outputs.FirstOrDefault() is null || Contrib.Expand(node, edit) is not { } nodes) continue;
            edit.Replace(node, nodes);
            expanded++;
        }
        return edit.Apply(expanded);
    }
}
