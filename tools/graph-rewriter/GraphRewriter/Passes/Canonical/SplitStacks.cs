namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Pairs stacked on a new last axis, [.., W, 2], that a Reshape turns into some other shape are laid side by side first, [.., 2W]: that
/// is the value a rotary embedding computes, and merging reshapes may have lost it.
/// </summary>
public sealed class SplitStacks : IPass
{
    /// <inheritdoc/>
    public string Name => "Split stacks";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var split = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node is not { OpType: "Reshape", Domain: "" } || node.Input(0) is not { Shape: { Rank: >= 3 } from, Producer: { OpType: "Concat", Domain: "" } stack } pairs) continue;
            if (from[-1].Value != 2 || stack.Inputs.Count != 2 || stack.Int("axis", 0) is var axis && axis != -1 && axis != from.Rank - 1) continue;
            if (from.Static() is not { } dims || node.Outputs[0] is not { Shape: { } to } || pairs.Uses.Count != 1 || pairs.IsOutput) continue;
            long[] flat = [.. dims[..^2], 2 * dims[^2]];
            if (to.SameAs(Shape.Of(flat))) continue;

            var first = new NodeProto { OpType = "Reshape", Name = edit.FreeName($"{pairs.Name}.flat") };
            first.Input.AddRange([pairs.Name, edit.Integers($"{pairs.Name}.flat.shape", flat)]);
            first.Output.Add(first.Name);
            var second = node.Proto.Clone();
            second.Input[0] = first.Name;
            edit.Replace(node, first, second);
            split++;
        }
        return edit.Apply(split);
    }
}
