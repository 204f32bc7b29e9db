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
            if (NoOps.Source(node) is not { } source || !edit.Forward(node.Outputs[0]!, source)) continue;
            edit.Replace(node);
            dropped++;
        }
        return edit.Apply(dropped);
    }
}
