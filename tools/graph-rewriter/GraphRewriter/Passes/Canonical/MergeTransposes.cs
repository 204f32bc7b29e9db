namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// A Transpose of a Transpose is one Transpose, or none. The first stays where others read it and nothing would be saved. One that moves only
/// axes of one element is a Reshape.
/// </summary>
public sealed class MergeTransposes : IPass
{
    /// <inheritdoc/>
    public string Name => "Merge transposes";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var merged = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (MovesNothing(node) && RowMoves.Sizes(node.Outputs[0]!.Shape!) is { } sizes)
            {
                var y = node.Outputs[0]!.Name;
                edit.Replace(node, GraphEdit.Node("Reshape", node.Proto.Name, y, node.Inputs[0]!.Name, edit.Integers($"{y}.shape", sizes)));
                merged++;
                continue;
            }
            if (!IsTranspose(node) || node.Input(0)?.Producer is not { } first || !IsTranspose(first) || edit.IsGone(first)) continue;
            if (node.Outputs is not [{ } last] || first.Input(0) is not { } x || Perm(node) is not { } outer || Perm(first) is not { } inner || outer.Length != inner.Length) continue;
            long[] perm = [.. outer.Select(p => inner[p])];
            if (perm.Select((p, i) => p == i).All(same => same))
            {
                if (!edit.Forward(last, x)) continue;
                edit.Replace(node);
            }
            else
            {
                if (first.Outputs[0]!.Uses.Count > 1 || first.Outputs[0]!.IsOutput) continue;
                var transpose = node.Proto.Clone();
                transpose.Input[0] = x.Name;
                transpose.Attribute.Clear();
                transpose.Attribute.Add(Attributes.Make("perm", perm));
                edit.Replace(node, transpose);
                edit.Replace(first);
            }
            merged++;
        }
        return edit.Apply(merged);
    }

    // Axes of more than one element keep their order.
    private static bool MovesNothing(Node node) => IsTranspose(node) && node is { Inputs: [{ Shape: { } shape }], Outputs: [{ Shape: not null }] } && Perm(node) is { } perm
        && perm.Length == shape.Rank && perm.All(p => p >= 0 && p < shape.Rank) && perm.Where(p => shape[(int)p].Value != 1).ToArray() is var kept && kept.SequenceEqual(kept.Order())
        && perm.Where((p, i) => p != i).Any();

    private static bool IsTranspose(Node node) => node is { OpType: "Transpose", Domain: "" };

    private static long[]? Perm(Node node) => node.Ints("perm")
        ?? (node.Input(0)?.Shape is { } shape ? [.. Enumerable.Range(0, shape.Rank).Reverse().Select(i => (long)i)] : null);
}
