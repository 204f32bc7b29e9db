namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// PyTorch exports <c>x[mask] = value</c> and <c>x.masked_scatter(mask, source)</c> as a ScatterND to where NonZero finds the mask set, as
/// multimodal models put their image tokens among the text's. The number of those places depends on the data, so no CUDA graph can hold it.
/// The same without counting:
/// <code>
/// x[mask] = value              Where(mask, value, x)
/// x.masked_scatter(mask, s)    Where(mask, Gather(s, CumSum(mask) - 1), x)
/// </code>
/// A mask that is the same along the last axis selects whole rows of the source. A source with too few entries, an error before, is one of
/// the Gather now, or zeros on CUDA.
/// </summary>
public sealed class MaskedWrites : IPass
{
    // ONNX Runtime's CUDA kernel sums each prefix anew.
    private const long LongestSum = 1 << 16;

    /// <inheritdoc/>
    public string Name => "Masked writes";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var changed = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node is not { OpType: "ScatterND", Domain: "" } || node.Text("reduction", "none") != "none" || node.Outputs[0] is not { } y) continue;
            if (node.Input(0) is not { Shape: { } shape } data || Mask(node.Input(1)) is not { Type: DataType.Bool, Shape: { } places } mask) continue;
            if (node.Input(2) is not { } updates || !IsPrefix(places, shape)) continue;
            var nodes = Filled(edit, data, mask, updates, y, node.Proto.Name) ?? Copied(edit, data, mask, updates, y, node.Proto.Name);
            if (nodes is null) continue;
            edit.Replace(node, [.. nodes]);
            changed++;
        }
        return edit.Apply(changed);
    }

    // The places where a mask is set, one tuple a row.
    private static Value? Mask(Value? indices) =>
        indices?.Producer is { OpType: "Transpose", Domain: "" } transpose && (transpose.Ints("perm") ?? [1, 0]) is [1, 0]
        && transpose.Input(0)?.Producer is { OpType: "NonZero", Domain: "" } nonZero ? nonZero.Input(0) : null;

    private static bool IsPrefix(Shape mask, Shape data) => mask.Rank > 0 && mask.Rank <= data.Rank && !mask.Where((d, i) => !d.SameAs(data[i])).Any();

    // Every place takes the same number.
    private static List<NodeProto>? Filled(GraphEdit edit, Value data, Value mask, Value updates, Value y, string name)
    {
        if (updates.Producer is not { OpType: "Expand", Domain: "" } expand || expand.Input(0) is not { Shape: { } shape } value) return null;
        if (shape.Rank > data.Shape!.Rank || shape.Any(d => d.Value != 1)) return null;
        var nodes = new List<NodeProto>();
        var where = mask.Name;
        if (mask.Shape!.Rank < data.Shape.Rank)
        {
            where = edit.FreeName($"{y.Name}.mask");
            nodes.Add(GraphEdit.Node("Unsqueeze", where, where, mask.Name, edit.Integers($"{where}.axes", [.. Enumerable.Range(mask.Shape.Rank, data.Shape.Rank - mask.Shape.Rank).Select(i => (long)i)])));
        }
        nodes.Add(GraphEdit.Node("Where", name, y.Name, where, value.Name, data.Name));
        return nodes;
    }

    // The places take the entries of a vector in their order.
    private static List<NodeProto>? Copied(GraphEdit edit, Value data, Value mask, Value updates, Value y, string name)
    {
        if (mask.Shape!.Rank != data.Shape!.Rank || updates.Shape?.Rank != 1) return null;
        // As many entries as there are places are read, whatever a Slice from the start says.
        var source = updates.Producer is { OpType: "Slice", Domain: "" } slice && slice.Input(1)?.Integers is [0] && slice.Input(4)?.Integers is null or [1]
            ? slice.Input(0)! : updates;

        var (set, width) = Rows(mask, source) ?? (mask, 1L);
        if (Count(width > 1 ? set.Shape!.SkipLast(1) : set.Shape!) is not <= LongestSum) return null;

        var nodes = new List<NodeProto>();
        string Add(string op, string what, params string[] inputs)
        {
            var output = edit.FreeName($"{y.Name}.{what}");
            nodes.Add(GraphEdit.Node(op, output, output, inputs));
            return output;
        }
        var places = width > 1 ? Add("Squeeze", "places", set.Name, edit.Integers($"{y.Name}.last", -1)) : set.Name;
        var entries = width > 1 ? Add("Reshape", "rows", source.Name, edit.Integers($"{y.Name}.rows.shape", -1, width)) : source.Name;
        var counted = Add("Cast", "counted", Add("Reshape", "flat", places, edit.Integers($"{y.Name}.flat.shape", -1)));
        nodes[^1].Attribute.Add(Attributes.Make("to", (long)DataType.Int64));
        // Before the first place the index is -1, an entry that the mask leaves out.
        var index = Add("Add", "index", Add("CumSum", "count", counted, Axis(edit, y)), edit.Integers($"{y.Name}.minus", -1));
        var taken = Add("Gather", "taken", entries, Add("Reshape", "indices", index, Add("Shape", "shape", places)));
        nodes.Add(GraphEdit.Node("Where", name, y.Name, set.Name, taken, data.Name));
        return nodes;
    }

    // A mask expanded along the last axis, and that axis; null where the source is not provably made of such rows.
    private static (Value Mask, long Width)? Rows(Value mask, Value source) =>
        mask.Producer is { OpType: "Expand", Domain: "" } expand && expand.Input(0) is { Shape: { } narrow } set && narrow.Rank == mask.Shape!.Rank
        && narrow[-1].Value == 1 && mask.Shape[-1].Value is { } width and > 1 && IsPrefix(new Shape([.. narrow.SkipLast(1)]), mask.Shape)
        && Count(source.Shape!) is { } count && count % width == 0 ? (set, width) : null;

    private static string Axis(GraphEdit edit, Value y)
    {
        var name = edit.FreeName($"{y.Name}.axis");
        edit.Store(name, ConstantTensor.From(DataType.Int64, [], [0L]).ToProto(name));
        return name;
    }

    private static long? Count(IEnumerable<Dim> dims) => dims.Aggregate((long?)1, (product, d) => product * d.Value);
}
