namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>Views before a node that takes one stretch of one axis: how packed queries, keys and values are taken apart.</summary>
internal static class Selections
{
    public static TensorView? Before(TensorView view, Node node, Value x, Shape from) => node.OpType switch
    {
        "Split" or "Slice" when from.Rank != view.Axes.Count => null,
        "Split" => Split(view, node, x, from),
        "Slice" => Slice(view, node, x, from),
        _ => Gather(view, node, x, from),
    };

    private static TensorView? Split(TensorView view, Node node, Value x, Shape from)
    {
        var axis = Counted(node.Int("axis", 0), from.Rank);
        var at = node.Outputs.TakeWhile(o => o != view.Value).ToArray();
        return at.All(o => o?.Shape?.Rank == from.Rank) && Sum(at.Select(o => o!.Shape![axis].Value)) is { } offset
            ? Cut(view, x, from, axis, offset) : null;
    }

    private static TensorView? Slice(TensorView view, Node node, Value x, Shape from)
    {
        long[]? Ints(int input, string attribute) => node.Input(input) is { } v ? v.Integers : node.Ints(attribute);
        if (Ints(1, "starts") is not { } starts || Ints(2, "ends") is not { } ends || (node.Input(4) is { } steps && steps.Integers?.All(s => s == 1) != true)) return null;
        var axes = node.Input(3) is null && node.Ints("axes") is null ? [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)] : Ints(3, "axes");
        if (axes is null) return null;
        TensorView? result = view with { Value = x };
        for (var i = 0; i < axes.Length && result is not null; i++)
        {
            var axis = Counted(axes[i], from.Rank);
            if (from[axis].Value is { } size)
            {
                var (first, length) = SliceRange.Of(starts[i], ends[i], size);
                if (length != size) result = Cut(result, x, from, axis, first);
            }
            else if (starts[i] != 0 || ends[i] < int.MaxValue)
            {
                return null;
            }
        }
        return result;
    }

    private static TensorView? Gather(TensorView view, Node node, Value x, Shape from)
    {
        if (node.Input(1) is not { Shape: { Rank: <= 1 } indices } index || index.Integers is not [var at]) return null;
        var axis = Counted(node.Int("axis", 0), from.Rank);
        if (from[axis].Value is not { } size) return null;
        var axes = view.Axes.ToList();
        if (axes.Count + (indices.Rank == 0 ? 1 : 0) != from.Rank) return null;
        if (indices.Rank == 0) axes.Insert(axis, []);
        return Cut(view with { Axes = axes }, x, from, axis, at < 0 ? at + size : at);
    }

    private static TensorView? Cut(TensorView view, Value x, Shape from, int axis, long offset)
    {
        if (from[axis].Value is not { } size) return null;
        var axes = view.Axes.ToArray();
        axes[axis] = size == 1 ? [] : [new Factor(size) { Cut = (offset, axes[axis]) }];
        return view with { Value = x, Axes = axes };
    }

    private static int Counted(long axis, int rank) => (int)(axis < 0 ? axis + rank : axis);

    private static long? Sum(IEnumerable<long?> sizes) => sizes.Aggregate((long?)0, (sum, size) => sum + size);
}
