namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// A stored matrix added to one batch of its own size, x[1, S, W] + c[S, W], gets the axes of one element that x has: x + c[1, S, W]. Position
/// embeddings are exported like this, and the ops that add before they norm or after they multiply take addends of one shape.
/// </summary>
public sealed class AlignAddends : IPass
{
    /// <inheritdoc/>
    public string Name => "Align addends";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var changed = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node is not { OpType: "Add", Domain: "", Inputs: [{ } a, { } b] } || node.Outputs is not [{ }]) continue;
            var (stored, at) = b.Initializer is not null ? (b, 1) : (a, 0);
            if (stored.Initializer is null || stored.IsInput || Sizes(stored.Shape, (at == 1 ? a : b).Shape) is not { } sizes) continue;
            var aligned = edit.FreeName($"{stored.Name}.aligned");
            var sum = node.Proto.Clone();
            sum.Input[at] = aligned;
            edit.Replace(node, GraphEdit.Node("Reshape", aligned, aligned, stored.Name, edit.Integers($"{aligned}.shape", sizes)), sum);
            changed++;
        }
        return edit.Apply(changed);
    }

    // The sizes of the other addend, where they are those of the matrix behind ones.
    private static long[]? Sizes(Shape? matrix, Shape? other) =>
        matrix?.Static() is { Length: >= 2 } small && other?.Static() is { } all && all.Length > small.Length
        && all.AsSpan(all.Length - small.Length).SequenceEqual(small) && all.Take(all.Length - small.Length).All(size => size == 1) ? all : null;
}
