namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// A chain of Reshape, Squeeze, Unsqueeze and Flatten keeps every element in order, so it is one Reshape to the last shape, and none where
/// that is the first. The steps in between go where nobody else reads them.
/// </summary>
public sealed class MergeReshapes : IPass
{
    private static readonly HashSet<string> Family = ["Reshape", "Squeeze", "Unsqueeze", "Flatten"];

    /// <inheritdoc/>
    public string Name => "Merge reshapes";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var merged = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (!IsOne(node) || node.Input(0)?.Producer is not { } first || !IsOne(first) || edit.IsGone(first)) continue;
            if (node.Outputs is not [{ } y] || first.Input(0) is not { } x) continue;
            if (x.Shape is { } shape && shape.SameAs(y.Shape))
            {
                if (!edit.Forward(y, x)) continue;
                edit.Replace(node);
            }
            else if (first.Outputs[0] is { IsOutput: false, Uses.Count: 1 } && Target(node, y) is { } dims)
            {
                var reshape = new NodeProto { OpType = "Reshape", Name = node.Proto.Name };
                reshape.Input.AddRange([x.Name, edit.Integers($"{y.Name}.shape", dims)]);
                reshape.Output.Add(y.Name);
                edit.Replace(node, reshape);
                edit.Replace(first);
            }
            else
            {
                continue;
            }
            merged++;
        }
        return edit.Apply(merged);
    }

    private static bool IsOne(Node node) => node.Domain.Length == 0 && Family.Contains(node.OpType);

    // Sizes with at most one unknown, none of which is copied from the shape in between; an empty tensor has no place for -1.
    private static long[]? Target(Node node, Value y)
    {
        if (y.Shape?.Static() is { } known) return known.Contains(0) ? null : known;
        return node.OpType == "Reshape" && node.Input(1)?.Integers is { } dims && !dims.Contains(0) ? dims : null;
    }
}
