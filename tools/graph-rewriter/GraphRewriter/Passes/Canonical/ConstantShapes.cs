namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Reshape and Expand whose target is computed from shapes elsewhere in the graph get a constant target where the result's shape is
/// known up to axes they keep: 0 copies an axis and -1 takes the rest in a Reshape, 1 keeps an axis in an Expand. What moves heads then
/// depends on nothing but the heads.
/// </summary>
public sealed class ConstantShapes : IPass
{
    /// <inheritdoc/>
    public string Name => "Constant shapes";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var changed = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node.Domain.Length > 0 || node.OpType is not ("Reshape" or "Expand") || node.Input(1) is not { Constant: null }) continue;
            if (node.Input(0)?.Shape is not { } from || node.Outputs[0] is not { Shape: { } to } y) continue;
            if ((node.OpType == "Reshape" ? Reshaped(from, to) : Expanded(from, to)) is not { } target) continue;
            var copy = new NodeProto { OpType = node.OpType, Name = node.Proto.Name };
            copy.Input.AddRange([node.Input(0)!.Name, edit.Integers($"{y.Name}.shape", target)]);
            copy.Output.Add(y.Name);
            edit.Replace(node, copy);
            changed++;
        }
        return edit.Apply(changed);
    }

    private static long[]? Reshaped(Shape from, Shape to)
    {
        long[] target = [.. to.Select((d, i) => d.Value ?? (i < from.Rank && d.SameAs(from[i]) ? 0 : -1))];
        return target.Count(t => t == -1) <= 1 && to.All(d => d.Value != 0) ? target : null;
    }

    private static long[]? Expanded(Shape from, Shape to)
    {
        var added = to.Rank - from.Rank;
        long[] target = [.. to.Select((d, i) => i >= added && d.SameAs(from[i - added]) ? 1 : d.Value ?? -1)];
        return added >= 0 && !target.Contains(-1) ? target : null;
    }
}
