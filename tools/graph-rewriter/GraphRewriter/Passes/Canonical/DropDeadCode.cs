namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>Takes out nodes whose results nobody reads.</summary>
public sealed class DropDeadCode : IPass
{
    /// <inheritdoc/>
    public string Name => "Drop dead code";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var dropped = 0;
        foreach (var node in edit.Graph.Nodes.Reverse())
        {
            if (node.Outputs.Any(o => o is not null && (o.IsOutput || o.Uses.Any(u => !edit.IsGone(u.Node))))) continue;
            edit.Replace(node);
            dropped++;
        }
        return edit.Apply(dropped);
    }
}
