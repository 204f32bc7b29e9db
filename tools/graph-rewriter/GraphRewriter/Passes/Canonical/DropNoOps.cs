namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Takes out what changes nothing: Identity, Dropout at inference, a Cast to the same type, a Reshape, Squeeze, Unsqueeze, Expand,
/// Slice, Transpose, Tile or Pad that gives its input back, a Concat of one part, a Mul by 1, an Add of 0, a Where with one answer.
/// </summary>
public sealed class DropNoOps : IPass
{
    /// <inheritdoc/>
    public string Name => "Drop no-ops";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var dropped = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (WithoutEmptyParts(node) is { } shorter)
            {
                edit.Replace(node, shorter);
                dropped++;
                continue;
            }
            if (NoOps.Source(node) is not { } source || !edit.Forward(node.Outputs[0]!, source)) continue;
            edit.Replace(node);
            dropped++;
        }
        return edit.Apply(dropped);
    }

    // A cache that starts empty is a part without rows.
    private static NodeProto? WithoutEmptyParts(Node node)
    {
        if (node is not { OpType: "Concat", Domain: "" } || NoOps.Filled(node) is not { Count: > 1 } parts || parts.Count == node.Inputs.Count) return null;
        var shorter = node.Proto.Clone();
        shorter.Input.Clear();
        shorter.Input.AddRange(parts.Select(p => p!.Name));
        return shorter;
    }
}
