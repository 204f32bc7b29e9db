namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Takes out of com.microsoft's attention ops what other ops do: Attention becomes its projection and MultiHeadAttention, whose bias
/// becomes additions to queries, keys and values and whose key padding mask becomes an additive mask. What is left is attention alone.
/// </summary>
public sealed class BareAttention : IPass
{
    /// <inheritdoc/>
    public string Name => "Bare attention";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var changed = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node.Domain != "com.microsoft" || node.Outputs is not [{ } y, ..] || node.Outputs.Skip(1).Any(o => o is not null)) continue;
            var parts = new Parts(edit, y);
            var nodes = node.OpType switch { "Attention" => Projected(node, parts), "MultiHeadAttention" => Plain(node, parts), _ => null };
            if (nodes is null) continue;
            edit.Replace(node, nodes);
            changed++;
        }
        return edit.Apply(changed);
    }

    // (x, weights, bias, mask_index, past, attention_bias): weights are [C, 3 * hidden], columns Q | K | V.
    private static NodeProto[]? Projected(Node node, Parts parts)
    {
        if (node.Input(0) is not { } x || node.Input(1)?.Shape?[-1].Value is not { } columns || node.Input(4) is not null || node.Input(6) is not null) return null;
        if (node.Ints("qkv_hidden_sizes") is not null || columns % 3 != 0 || node.Int("unidirectional", 0) != 0 || node.Int("do_rotary", 0) != 0) return null;
        if (Mask(node, node.Input(3), x.Shape, parts) is not { } mask || (mask.Length > 0 && node.Input(5) is not null)) return null;
        var qkv = parts.Op("MatMul", "qkv.product", x.Name, node.Input(1)!.Name);
        if (node.Input(2) is { } bias) qkv = parts.Op("Add", "qkv", qkv, bias.Name);
        string Third(int i) => parts.Op("Slice", $"part{i}", qkv, parts.Ints($"part{i}.from", i * columns / 3), parts.Ints($"part{i}.to", (i + 1) * columns / 3), parts.Ints($"part{i}.axis", 2));
        string[] inputs = [Third(0), Third(1), Third(2), "", "", mask.Length > 0 ? mask : node.Input(5)?.Name ?? ""];
        return parts.With(node, "MultiHeadAttention", inputs);
    }

    // (query, key, value, bias, key_padding_mask, attention_bias, past_key, past_value)
    private static NodeProto[]? Plain(Node node, Parts parts)
    {
        if (node.Input(3) is null && node.Input(4) is null) return null;
        if (node.Input(0) is not { Shape: { Rank: 3 } q } query || node.Input(1) is not { Shape: { Rank: 3 } k } key || node.Input(2) is not { Shape: { Rank: 3 } v } value) return null;
        if (Mask(node, node.Input(4), k, parts) is not { } mask || (mask.Length > 0 && node.Input(5) is not null)) return null;
        string[] names = [query.Name, key.Name, value.Name];
        if (node.Input(3) is { } bias)
        {
            if (bias.Constant is not { Dims.Count: 1 } numbers || q[2].Value + k[2].Value + v[2].Value != numbers.Count) return null;
            long from = 0;
            for (var i = 0; i < 3; i++)
            {
                var width = new[] { q, k, v }[i][2].Value!.Value;
                names[i] = parts.Op("Add", $"biased{i}", names[i], parts.Numbers($"bias{i}", bias.Type, numbers.ReadAsDouble()[(int)from..(int)(from + width)]));
                from += width;
            }
        }
        string?[] past = [node.Input(6)?.Name, node.Input(7)?.Name];
        return parts.With(node, "MultiHeadAttention", [.. names, "", "", mask.Length > 0 ? mask : node.Input(5)?.Name ?? "", .. past.TakeWhile(p => p is not null).Select(p => p!)]);
    }

    // A padding mask [B, T] of ones for visible keys, as what the op adds to the scores; "" without a mask, null where it has another form.
    private static string? Mask(Node node, Value? mask, Shape? keys, Parts parts)
    {
        if (mask is null) return "";
        if (mask.Shape is not { Rank: 2 } shape || node.Input(0)!.Shape?[1].Value is not { } queries || keys is null || !shape[1].SameAs(keys[1]) || node.Input(0)!.Type is var type && !type.IsFloat()) return null;
        var visible = parts.Op("Cast", "visible", parts.Op("Unsqueeze", "padding", mask.Name, parts.Ints("padding.axes", 1, 2)));
        parts.Last.Attribute.Add(Attributes.Make("to", (long)DataType.Bool));
        // The op broadcasts batch and heads of its mask, not the queries.
        var row = parts.Op("Where", "row", visible, parts.Numbers("zero", type, [0], scalar: true), parts.Numbers("hidden", type, [node.Float("mask_filter_value", -10000)], scalar: true));
        return parts.Op("Expand", "mask", row, parts.Ints("mask.shape", 1, 1, queries, 1));
    }

    private sealed class Parts(GraphEdit edit, Value y)
    {
        private readonly List<NodeProto> nodes = [];

        public NodeProto Last => nodes[^1];

        public string Op(string op, string role, params string[] inputs)
        {
            var node = new NodeProto { OpType = op, Name = edit.FreeName($"{y.Name}.{role}") };
            node.Input.AddRange(inputs);
            node.Output.Add(node.Name);
            nodes.Add(node);
            return node.Name;
        }

        public string Ints(string role, params long[] values) => edit.Integers($"{y.Name}.{role}", values);

        public string Numbers(string role, DataType type, double[] values, bool scalar = false)
        {
            var name = edit.FreeName($"{y.Name}.{role}");
            edit.Store(name, ConstantTensor.From(type, scalar ? [] : [values.Length], values).ToProto(name));
            return name;
        }

        public NodeProto[] With(Node node, string op, string[] inputs)
        {
            var attention = new NodeProto { OpType = op, Domain = "com.microsoft", Name = node.Proto.Name };
            attention.Input.AddRange(inputs[..(Array.FindLastIndex(inputs, i => i.Length > 0) + 1)]);
            attention.Output.Add(y.Name);
            attention.Attribute.AddRange(node.Proto.Attribute.Where(a => a.Name is "num_heads" or "scale" or "unidirectional"));
            return [.. nodes, attention];
        }
    }
}
