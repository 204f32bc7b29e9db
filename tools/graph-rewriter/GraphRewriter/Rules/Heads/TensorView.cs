namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>
/// A value whose axes are known as factors of an attention: batch, heads, tokens, channels. Nodes that only move, repeat or select
/// elements lead from one view to another.
/// </summary>
/// <param name="Value">The tensor.</param>
/// <param name="Axes">The factors of each axis, outermost first. A factor that no axis has is broadcast: all its positions read the same.</param>
internal sealed record TensorView(Value Value, IReadOnlyList<IReadOnlyList<Factor>> Axes)
{
    /// <summary>The factors of an axis, taken apart as far as is known by now.</summary>
    public IReadOnlyList<Factor> Leaves(int axis) => [.. Axes[axis].SelectMany(f => f.Leaves)];

    /// <summary>All factors, row-major.</summary>
    public IEnumerable<Factor> AllLeaves => Axes.SelectMany(a => a).SelectMany(f => f.Leaves);

    /// <summary>A view with a fresh factor for each axis; null where not even the rank is known.</summary>
    public static TensorView? Fresh(Value value) => value.Shape is { } shape ? new TensorView(value, [.. shape.Select(Factor.Axis)]) : null;

    /// <summary>
    /// The view of a value that broadcasts to this one: axes of one element have no factor, all others have this view's. Null where it
    /// has more axes.
    /// </summary>
    public TensorView? Broadcast(Value value)
    {
        if (value.Shape is not { } shape || shape.Rank > Axes.Count) return null;
        var skip = Axes.Count - shape.Rank;
        return new TensorView(value, [.. shape.Select((d, i) => d.Value == 1 ? [] : Axes[i + skip])]);
    }

    /// <summary>The input of the node that made the value, where that node only moves, repeats or selects elements.</summary>
    public TensorView? Before()
    {
        if (Value.Producer is not { Domain: "" } node || !node.IsSound() || node.Input(0) is not { Shape: { } from } x || Value.Shape is null) return null;
        return node.OpType switch
        {
            "Identity" or "Cast" => this with { Value = x },
            "Dropout" when node.Outputs[0] == Value && !Trains(node) => this with { Value = x },
            "Transpose" when from.Rank == Axes.Count => Permuted(x, Inverse(Permutation(node, from.Rank))),
            "Reshape" or "Squeeze" or "Unsqueeze" or "Flatten" => Reshaped(x, from),
            "Expand" => Unrepeated(x, from, i => from[i].Value == 1),
            "Tile" => node.Input(1)?.Integers is { } n ? Unrepeated(x, from, i => n[i] != 1 && from[i].Value == 1, i => n[i] == 1) : null,
            "Split" or "Slice" or "Gather" => Selections.Before(this, node, x, from),
            _ => null,
        };
    }

    /// <summary>The output of a node that reads the value, where the node only moves elements.</summary>
    public TensorView? After(Node node)
    {
        if (node.Domain.Length > 0 || !node.IsSound() || node.Input(0) != Value || node.Outputs[0] is not { Shape: { } to } y) return null;
        return node.OpType switch
        {
            "Identity" or "Cast" => this with { Value = y },
            "Dropout" when !Trains(node) && node.Outputs.Skip(1).All(o => o is null || o.Uses.Count == 0) => this with { Value = y },
            "Transpose" when to.Rank == Axes.Count => Permuted(y, Permutation(node, to.Rank)),
            "Reshape" or "Squeeze" or "Unsqueeze" or "Flatten" => Reshaped(y, to),
            _ => null,
        };
    }

    private static bool Trains(Node dropout) => dropout.Input(2) is { } training && !(training.Constant is { Count: 1 } c && c.Raw[0] == 0);

    private static int[] Permutation(Node node, int rank) =>
        node.Ints("perm") is { } perm ? [.. perm.Select(p => (int)p)] : [.. Enumerable.Range(0, rank).Reverse()];

    private static int[] Inverse(int[] permutation)
    {
        var inverse = new int[permutation.Length];
        for (var i = 0; i < inverse.Length; i++) inverse[permutation[i]] = i;
        return inverse;
    }

    private TensorView Permuted(Value value, int[] permutation) => this with { Value = value, Axes = [.. permutation.Select(p => Axes[p])] };

    private TensorView? Reshaped(Value value, Shape shape) =>
        Regrouping.Into(shape, AllLeaves) is { } axes ? this with { Value = value, Axes = axes } : null;

    private TensorView? Unrepeated(Value x, Shape from, Func<int, bool> isRepeated, Func<int, bool>? isKept = null)
    {
        var added = Axes.Count - from.Rank;
        if (added < 0) return null;
        var axes = new List<IReadOnlyList<Factor>>();
        for (var i = 0; i < from.Rank; i++)
        {
            var here = Axes[i + added];
            if (isKept?.Invoke(i) ?? (from[i].SameAs(Value.Shape![i + added]) || here.Count == 0)) axes.Add(here);
            else if (isRepeated(i)) axes.Add([]);
            else return null;
        }
        return new TensorView(x, axes);
    }
}
