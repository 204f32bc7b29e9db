namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Takes out of com.microsoft's attention ops what other ops do: Attention becomes its projection and MultiHeadAttention, whose packed
/// operands are taken apart, whose bias becomes additions to queries, keys and values, whose past is concatenated, and whose padding and
/// causal masks become additive masks. What is left is attention alone.
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
            if (node.Domain != "com.microsoft" || node.Outputs is not [{ } y, ..]) continue;
            var to = new NodeWriter(edit, y);
            var done = node.OpType switch { "Attention" => Projected(node, to), "MultiHeadAttention" => Plain(node, to), _ => false };
            if (!done) continue;
            edit.Replace(node, to.Nodes);
            changed++;
        }
        return edit.Apply(changed);
    }

    // (x, weights, bias, mask_index, past, attention_bias): weights are [C, q + k + v], past and present [2, B, N, P, D].
    private static bool Projected(Node node, NodeWriter to)
    {
        if (node.Input(0) is not { Shape: { Rank: 3 } rows } x || node.Input(1) is not { } weights || weights.Shape?[-1].Value is not { } columns || node.Input(6) is not null) return false;
        if (node.Int("do_rotary", 0) != 0 || node.Outputs.Skip(2).Any(o => o is not null)) return false;
        var widths = node.Ints("qkv_hidden_sizes") ?? [columns / 3, columns / 3, columns / 3];
        var (past, present) = (node.Input(4), node.Outputs.ElementAtOrDefault(1));
        if (widths is not [var q, var k, var v] || q != k || q + k + v != columns || ((past ?? present) is not null && k != v)) return false;
        if (past is not null && (past.Shape is not { Rank: 5 } || present is null)) return false;
        var total = Sum(past?.Shape![3], rows[1]);
        if (AdditiveMask.Of(node, to, padding: 3, bias: 5, rows[1], total, past?.Shape![3]) is not { } mask) return false;

        var product = to.Op("MatMul", "qkv.product", x.Name, weights.Name);
        if (node.Input(2) is { } bias) product = to.Op("Add", "qkv", product, bias.Name);
        string[] parts = [to.Columns("part0", product, 0, q), to.Columns("part1", product, q, q + k), to.Columns("part2", product, q + k, columns)];
        if ((past ?? present) is null) return Attention(node, to, [.. parts, "", "", mask]);

        var both = new string[2];
        var size = k / node.Int("num_heads", 1);
        for (var i = 0; i < 2; i++)
        {
            both[i] = to.ByHead($"new{i}", parts[i + 1], node.Int("num_heads", 1), size);
            if (past is not null) both[i] = to.Op("Concat", $"all{i}", [to.Op("Squeeze", $"past{i}", Entry(to, $"past{i}.cut", past.Name, 0, i), to.Ints($"past{i}.axis", 0)), both[i]], [("axis", 2L)]);
        }
        if (present is not null) to.Op("Concat", "present", [.. both.Select((b, i) => to.Op("Unsqueeze", $"present{i}", b, to.Ints($"present{i}.axis", 0)))], [("axis", 0L)], present);
        return Attention(node, to, [parts[0], .. both, "", "", mask]);
    }

    // (query, key, value, bias, key_padding_mask, attention_bias, past_key, past_value)
    private static bool Plain(Node node, NodeWriter to)
    {
        var presents = new[] { node.Outputs.ElementAtOrDefault(1), node.Outputs.ElementAtOrDefault(2) };
        if (node.Inputs.Skip(8).Any(i => i is not null) || node.Outputs.Skip(3).Any(o => o is not null) || node.Input(6) is null != node.Input(7) is null) return false;
        var packed = node.Input(2) is null;
        if (!packed && node.Inputs.Skip(3).All(i => i is null || i == node.Input(5)) && presents.All(p => p is null) && node.Int("unidirectional", 0) == 0) return false;
        if (Operands(node, to) is not [var q, var k, var v]) return false;
        if (presents.Any(p => p is not null) && k.Rank == 4) return false;
        // ONNX Runtime puts the past before the new keys in the present: without that output it has none.
        if (node.Input(6) is { } past && (past.Shape is not { Rank: 4 } || presents.Any(p => p is null))) return false;

        var kept = node.Input(6)?.Shape![2];
        var fresh = k.Rank == 4 ? k.Shape[2] : k.Shape[1];
        if (AdditiveMask.Of(node, to, padding: 4, bias: 5, q.Shape[1], Sum(kept, fresh), kept) is not { } mask || Biased(node, to, [q, k, v]) is not { } names) return false;
        if (node.Input(6) is not null || presents.Any(p => p is not null))
        {
            var heads = node.Int("num_heads", 1);
            for (var i = 0; i < 2; i++)
            {
                if (new[] { k, v }[i].Shape[2].Value is not { } width || width % heads != 0) return false;
                var before = node.Input(6 + i);
                names[i + 1] = to.ByHead(i == 0 ? "keys.new" : "values.new", names[i + 1], heads, width / heads, before is null ? presents[i] : null);
                if (before is not null) names[i + 1] = to.Op("Concat", i == 0 ? "keys" : "values", [before.Name, names[i + 1]], [("axis", 2L)], presents[i]);
            }
        }
        return Attention(node, to, [.. names, "", "", mask]);
    }

    private sealed record Rows(string Name, Shape Shape)
    {
        public int Rank => Shape.Rank;
    }

    // Query, key and value as rows, taken out of [B, S, N, 3, D] or [B, T, N, 2, D] where they are packed.
    private static Rows[]? Operands(Node node, NodeWriter to)
    {
        if (node.Input(0) is not { Shape: { } qs } query) return null;
        if (qs.Rank == 5 && node.Input(1) is null) return Unpacked(query, qs, 3, ["query", "key", "value"], to);
        if (qs.Rank != 3 || node.Input(1) is not { Shape: { } ks } key) return null;
        if (node.Input(2) is { Shape: { } vs } value) return ks.Rank is 3 or 4 && vs.Rank == ks.Rank ? [new(query.Name, qs), new(key.Name, ks), new(value.Name, vs)] : null;
        return node.Input(2) is null && ks.Rank == 5 && Unpacked(key, ks, 2, ["key", "value"], to) is { } pair ? [new(query.Name, qs), .. pair] : null;
    }

    private static Rows[]? Unpacked(Value all, Shape shape, int parts, string[] roles, NodeWriter to)
    {
        if (shape[3].Value != parts || shape[2].Value * shape[4].Value is not { } width) return null;
        return [.. roles.Select((role, i) => new Rows(to.Op("Reshape", role, Entry(to, $"{role}.cut", all.Name, 3, i), to.Ints($"{role}.shape", 0, 0, width)), new Shape([shape[0], shape[1], width])))];
    }

    private static string Entry(NodeWriter to, string role, string x, long axis, long index) =>
        to.Op("Slice", role, x, to.Ints($"{role}.from", index), to.Ints($"{role}.to", index + 1), to.Ints($"{role}.axis", axis));

    // The names of the three with the parts of the bias added.
    private static string[]? Biased(Node node, NodeWriter to, Rows[] operands)
    {
        string[] names = [.. operands.Select(o => o.Name)];
        if (node.Input(3) is not { } bias) return names;
        if (operands.Any(o => o.Rank != 3) || bias.Constant is not { Dims.Count: 1 } numbers || operands.Aggregate((long?)0, (sum, o) => sum + o.Shape[2].Value) != numbers.Count) return null;
        long from = 0;
        for (var i = 0; i < 3; i++)
        {
            var width = operands[i].Shape[2].Value!.Value;
            names[i] = to.Op("Add", $"biased{i}", names[i], to.Stored($"bias{i}", ConstantTensor.From(bias.Type, [width], numbers.ReadAsDouble()[(int)from..(int)(from + width)])));
            from += width;
        }
        return names;
    }

    private static Dim Sum(Dim? past, Dim rows) => past is not { } kept ? rows : kept.Value + rows.Value is { } sum ? sum : Dim.Unknown;

    private static bool Attention(Node node, NodeWriter to, string[] inputs)
    {
        var attention = new NodeProto { OpType = "MultiHeadAttention", Domain = "com.microsoft", Name = node.Proto.Name };
        attention.Input.AddRange(inputs[..(Array.FindLastIndex(inputs, i => i.Length > 0) + 1)]);
        attention.Output.Add(node.Outputs[0]!.Name);
        attention.Attribute.AddRange(node.Proto.Attribute.Where(a => a.Name is "num_heads" or "scale"));
        to.Add(attention);
        return true;
    }
}
