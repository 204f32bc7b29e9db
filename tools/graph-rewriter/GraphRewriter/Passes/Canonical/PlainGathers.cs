namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// A GatherND that selects whole entries of its leading axes is a Slice where its constant indices count up by one, and a Gather otherwise.
/// Rules look through both, and both may be captured: ONNX Runtime 1.29 replays a GatherND on CUDA with a stale host buffer, which ends in an
/// illegal memory access (exported Falcon and Gemma models were seen to).
/// </summary>
public sealed class PlainGathers : IPass
{
    /// <inheritdoc/>
    public string Name => "Plain gathers";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var changed = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node is not { OpType: "GatherND", Domain: "" } || node.Int("batch_dims", 0) != 0 || node.Outputs[0] is not { } y) continue;
            if (node.Input(0) is not { Shape: { } from } data || node.Input(1) is not { } indices) continue;
            IReadOnlyList<NodeProto>? nodes = indices.Constant is { Dims.Count: > 0 } constant ? Selected(edit, data, from, constant, y, node.Proto.Name)
                : indices.Shape is { Rank: > 0 } tuples && tuples[^1].Value == 1 ? Computed(edit, data, indices, y, node.Proto.Name)
                : null;
            if (nodes is null) continue;
            edit.Replace(node, [.. nodes]);
            changed++;
        }
        return edit.Apply(changed);
    }

    // Tuples of one index are the indices of a Gather.
    private static NodeProto[] Computed(GraphEdit edit, Value data, Value indices, Value y, string name)
    {
        var rows = edit.FreeName($"{y.Name}.rows");
        return
        [
            GraphEdit.Node("Squeeze", rows, rows, indices.Name, edit.Integers($"{rows}.axes", -1)),
            GraphEdit.Node("Gather", name, y.Name, data.Name, rows),
        ];
    }

    private static IReadOnlyList<NodeProto>? Selected(GraphEdit edit, Value data, Shape from, ConstantTensor constant, Value y, string name)
    {
        long[] dims = [.. constant.Dims], whole = [.. dims.SkipLast(1)];
        var depth = (int)dims[^1];
        if (depth < 1 || depth > from.Rank || from.Take(depth).Any(d => d.Value is null or 0)) return null;
        if (Rows(constant.ReadAsInt64(), [.. from.Take(depth).Select(d => d.Value!.Value)]) is not { Length: > 0 } rows) return null;

        var nodes = new List<NodeProto>();
        var entries = data.Name;
        if (depth > 1)
        {
            // The selected axes become one; of the axes behind them one may be open.
            if (from.Skip(depth).Count(d => d.Value is null) > 1) return null;
            entries = edit.FreeName($"{y.Name}.entries");
            var count = from.Take(depth).Aggregate(1L, (product, d) => product * d.Value!.Value);
            nodes.Add(GraphEdit.Node("Reshape", entries, entries, data.Name, edit.Integers($"{entries}.shape", [count, .. from.Skip(depth).Select(d => d.Value ?? -1)])));
        }
        if (whole.Length == 1 && !rows.Where((row, i) => row != rows[0] + i).Any())
        {
            var wish = $"{y.Name}.rows";
            nodes.Add(GraphEdit.Node("Slice", name, y.Name, entries, edit.Integers(wish, rows[0]), edit.Integers(wish, rows[^1] + 1), edit.Integers(wish, 0)));
        }
        else
        {
            var indices = edit.FreeName($"{y.Name}.rows");
            edit.Store(indices, ConstantTensor.From(DataType.Int64, whole, rows).ToProto(indices));
            nodes.Add(GraphEdit.Node("Gather", name, y.Name, entries, indices));
        }
        return nodes;
    }

    /// <summary>The index of each tuple in its axes taken as one; null where one is out of range.</summary>
    private static long[]? Rows(long[] indices, long[] axes)
    {
        var rows = new long[indices.Length / axes.Length];
        for (var i = 0; i < indices.Length; i++)
        {
            var size = axes[i % axes.Length];
            var index = indices[i] < 0 ? indices[i] + size : indices[i];
            if (index < 0 || index >= size) return null;
            rows[i / axes.Length] = rows[i / axes.Length] * size + index;
        }
        return rows;
    }
}
