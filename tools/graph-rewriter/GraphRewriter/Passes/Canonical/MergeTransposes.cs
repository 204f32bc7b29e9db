namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>A Transpose of a Transpose is one Transpose, or none. The first stays where others read it and nothing would be saved.</summary>
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
            if (!IsTranspose(node) || node.Input(0)?.Producer is not { } first || !IsTranspose(first) || edit.IsGone(first)) continue;
            if (node.Outputs is not [{ } y] || first.Input(0) is not { } x || Perm(node) is not { } outer || Perm(first) is not { } inner || outer.Length != inner.Length) continue;
            long[] perm = [.. outer.Select(p => inner[p])];
            if (perm.Select((p, i) => p == i).All(same => same))
            {
                if (!edit.Forward(y, x)) continue;
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

    private static bool IsTranspose(Node node) => node is { OpType: "Transpose", Domain: "" };

    private static long[]? Perm(Node node) => node.Ints("perm")
        ?? (node.Input(0)?.Shape is { } shape ? [.. Enumerable.Range(0, shape.Rank).Reverse().Select(i => (long)i)] : null);
}
