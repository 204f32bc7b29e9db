namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// A GatherND whose constant indices walk through the data in order, an axis repeated here and there, is a Reshape and an Expand: that is
/// how PyTorch's exporter writes the indexing of masks by position. It also makes such models fit to capture: an exported Gemma prefill ended
/// in an illegal memory access when ONNX Runtime 1.29 replayed its CUDA graph, and does not since its two GatherNDs are gone.
/// </summary>
public sealed class RegularGathers : IPass
{
    /// <inheritdoc/>
    public string Name => "Regular gathers";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var changed = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node is not { OpType: "GatherND", Domain: "" } || node.Int("batch_dims", 0) != 0 || node.Outputs[0] is not { } y) continue;
            if (node.Input(0) is not { Shape: { } shape } data || shape.Static() is not { } from || node.Input(1)?.Constant is not { Dims: { } dims } indices) continue;
            if (dims.Count == 0 || dims[^1] != from.Length || Kept(indices.ReadAsInt64(), [.. dims.SkipLast(1)], from) is not { } kept) continue;

            long[] whole = [.. dims.SkipLast(1)];
            var spreads = !kept.SequenceEqual(whole);
            var reshape = new NodeProto { OpType = "Reshape", Name = spreads ? edit.FreeName($"{y.Name}.kept") : node.Proto.Name };
            reshape.Input.AddRange([data.Name, edit.Integers($"{y.Name}.kept.shape", kept)]);
            reshape.Output.Add(spreads ? reshape.Name : y.Name);
            var expand = new NodeProto { OpType = "Expand", Name = node.Proto.Name };
            expand.Input.AddRange([reshape.Name, edit.Integers($"{y.Name}.shape", whole)]);
            expand.Output.Add(y.Name);
            edit.Replace(node, spreads ? [reshape, expand] : [reshape]);
            changed++;
        }
        return edit.Apply(changed);
    }

    /// <summary>The result's shape with 1 for every axis along which the indices stay; null where they do not walk through all of the data.</summary>
    private static long[]? Kept(long[] indices, long[] axes, long[] data)
    {
        var count = indices.Length / Math.Max(1, data.Length);
        if (count == 0 || data.Any(d => d <= 0)) return null;
        var places = new long[count];
        for (var i = 0; i < count; i++)
            for (var axis = 0; axis < data.Length; axis++)
            {
                var index = indices[i * data.Length + axis];
                if (index < -data[axis] || index >= data[axis]) return null;
                places[i] = places[i] * data[axis] + (index < 0 ? index + data[axis] : index);
            }

        // The step of each axis: that of its second element; rows of the result, last axis fastest.
        var steps = new long[axes.Length];
        for (long axis = axes.Length - 1, distance = 1; axis >= 0; distance *= axes[axis--])
            steps[axis] = axes[axis] > 1 ? places[distance] - places[0] : 0;
        long expected = 1;
        for (var axis = axes.Length - 1; axis >= 0; axis--)
        {
            if (steps[axis] == 0) continue;
            if (steps[axis] != expected) return null;
            expected *= axes[axis];
        }
        if (expected != data.Aggregate(1L, (a, b) => a * b)) return null;

        var at = new long[axes.Length];
        for (var i = 0; i < count; i++)
        {
            if (places[i] != at.Zip(steps, (a, s) => a * s).Sum()) return null;
            for (var axis = axes.Length - 1; axis >= 0 && ++at[axis] == axes[axis]; axis--) at[axis] = 0;
        }
        return [.. axes.Select((size, axis) => steps[axis] == 0 ? 1 : size)];
    }
}
