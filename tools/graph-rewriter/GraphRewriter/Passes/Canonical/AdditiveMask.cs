namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>What com.microsoft's attention ops add to their scores, as one tensor: padding, a causal mask, a bias.</summary>
internal static class AdditiveMask
{
    private const long LargestMask = 1 << 24;

    /// <summary>
    /// The name of the mask that the inputs <paramref name="padding"/> and <paramref name="bias"/> and the attribute unidirectional make; "" where there is
    /// none, null where one has another form or a size that is not known.
    /// </summary>
    public static string? Of(Node node, NodeWriter to, int padding, int bias, Dim queries, Dim keys, Dim? past)
    {
        if (Padding(node, node.Input(padding), queries, keys, to) is not { } hidden || Causal(node, queries, keys, past, to) is not { } causal) return null;
        string[] all = [.. new[] { causal, hidden, node.Input(bias)?.Name ?? "" }.Where(m => m.Length > 0)];
        return all.Length == 0 ? "" : all.Skip(1).Select((m, i) => (m, i)).Aggregate(all[0], (sum, next) => to.Op("Add", $"masks{next.i}", sum, next.m));
    }

    // [B, T] or [B, S, T] of ones for visible keys, or [B] numbers of them.
    private static string? Padding(Node node, Value? mask, Dim queries, Dim keys, NodeWriter to)
    {
        if (mask is null) return "";
        if (mask.Shape is not { } shape || node.Input(0) is not { Shape: { } x } query || !query.Type.IsFloat()) return null;
        string visible;
        switch (shape.Rank)
        {
            case 2 when shape[1].SameAs(keys):
                visible = Set(to.Op("Unsqueeze", "padding", mask.Name, to.Ints("padding.axes", 1, 2)), to);
                break;
            case 3 when shape[1].SameAs(queries) && shape[2].SameAs(keys):
                visible = Set(to.Op("Unsqueeze", "padding", mask.Name, to.Ints("padding.axes", 1)), to);
                break;
            case 1 when shape[0].SameAs(x[0]) && keys.Value is { } count and <= LargestMask:
                var places = to.Stored("places", ConstantTensor.From(mask.Type, [1, 1, 1, count], [.. Enumerable.Range(0, (int)count).Select(i => (long)i)]));
                visible = to.Op("Less", "visible", places, to.Op("Reshape", "length", mask.Name, to.Ints("length.shape", -1, 1, 1, 1)));
                break;
            default:
                return null;
        }
        var row = to.Op("Where", "row", visible, to.Number("zero", query.Type, 0), to.Number("hidden", query.Type, node.Float("mask_filter_value", -10000)));
        // The op broadcasts batch and heads of its mask, not the queries.
        return shape.Rank == 3 ? row : queries.Value is { } rows ? to.Op("Expand", "mask", row, to.Ints("mask.shape", 1, 1, rows, 1)) : null;
    }

    private static string Set(string mask, NodeWriter to) => to.Op("Cast", "visible", [mask], [("to", (long)DataType.Bool)]);

    // Query i sees the past and the new keys up to its own.
    private static string? Causal(Node node, Dim queries, Dim keys, Dim? past, NodeWriter to)
    {
        if (node.Int("unidirectional", 0) == 0) return "";
        if (queries.Value is not { } rows || keys.Value is not { } columns || (past is null ? 0 : past.Value.Value) is not { } kept || rows * columns > LargestMask) return null;
        var hidden = new double[rows * columns];
        for (long i = 0; i < rows; i++)
            for (var j = i + kept + 1; j < columns; j++) hidden[i * columns + j] = double.NegativeInfinity;
        return to.Stored("causal", ConstantTensor.From(node.Input(0)!.Type, [1, 1, rows, columns], hidden));
    }
}
