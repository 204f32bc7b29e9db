namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Writes RotaryEmbedding of opset 23 and of com.microsoft as the formula it stands for, over table rows gathered by position: the rule
/// for rotations then sees every exporter's spelling alike, and its op reads the rows once for all heads.
/// </summary>
public sealed class ExpandRotary : IPass
{
    /// <inheritdoc/>
    public string Name => "Expand rotary embeddings";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var expanded = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node is not { OpType: "RotaryEmbedding", Domain: "" or "com.microsoft" } || node.Outputs is not [{ } y, ..] || Nodes(node, y, edit) is not { } nodes) continue;
            edit.Replace(node, nodes);
            expanded++;
        }
        return edit.Apply(expanded);
    }

    private static NodeProto[]? Nodes(Node node, Value y, GraphEdit edit)
    {
        var contrib = node.Domain.Length > 0;
        var (x, positions, cos, sin) = contrib ? (node.Input(0), node.Input(1), node.Input(2), node.Input(3)) : (node.Input(0), node.Input(3), node.Input(1), node.Input(2));
        if (x?.Shape is not { Rank: 3 or 4 } shape || cos?.Shape is not { } table || sin?.Shape?.SameAs(table) != true || table[-1].Value is not { } half) return null;
        if (node.Int("is_packed_batching", 0) != 0 || node.Float("scale", 1) != 1) return null;
        // Rows by position [B, S], counted from the one position of com.microsoft's op, or tables that are rows already.
        var rows = shape[-2].Value;
        var offset = contrib && positions?.Shape is { Rank: 1 } one && one[0].Value == 1 && rows is not null;
        if (positions is null ? table.Rank != 3 : table.Rank != 2 || (positions.Shape is not { Rank: 2 } && !offset)) return null;

        var heads = node.Int("num_heads", 0);
        var split = shape.Rank == 4;
        if (!split && heads == 0) heads = shape[2].Value is { } width && node.Int("rotary_embedding_dim", 0) == 0 && width % (2 * half) == 0 ? width / (2 * half) : 0;
        if (!split && (heads == 0 || shape[2].Value is not { } all || all % heads != 0)) return null;
        var size = split ? shape[3].Value : shape[2].Value / heads;
        if (size is not { } d || 2 * half > d) return null;

        var nodes = new List<NodeProto>();
        string Op(string op, string role, string[] inputs, params (string, object)[] attributes)
        {
            var made = new NodeProto { OpType = op, Name = edit.FreeName($"{y.Name}.{role}") };
            made.Input.AddRange(inputs);
            made.Output.Add(made.Name);
            made.Attribute.AddRange(attributes.Select(a => Attributes.Make(a.Item1, a.Item2)));
            nodes.Add(made);
            return made.Name;
        }
        string Ints(string role, params long[] values) => edit.Integers($"{y.Name}.{role}", values);

        var tokens = split ? x.Name : Op("Reshape", "heads", [x.Name, Ints("heads.shape", 0, 0, heads, d)]);
        string Rows(Value t, string role)
        {
            if (positions is null) return Op("Unsqueeze", role, [t.Name, Ints($"{role}.axis", split ? 1 : 2)]);
            var at = positions.Name;
            if (offset && rows > 1) at = Op("Add", $"{role}.counted", [at, Ints($"{role}.steps", [.. Enumerable.Range(0, (int)rows.Value).Select(i => (long)i)])]);
            if (offset) at = Op("Unsqueeze", $"{role}.at", [at, Ints($"{role}.first", 0)]);
            return Op("Unsqueeze", role, [Op("Gather", $"{role}.rows", [t.Name, at], ("axis", 0L)), Ints($"{role}.axis", split ? 1 : 2)]);
        }
        string c = Rows(cos, "cos"), s = Rows(sin, "sin");
        var interleaved = node.Int("interleaved", 0) != 0;
        string Cut(string role, long from, long to, long step = 1) => Op("Slice", role, [tokens, Ints($"{role}.from", from), Ints($"{role}.to", to), Ints($"{role}.last", 3), Ints($"{role}.step", step)]);
        var (a, b) = interleaved ? (Cut("even", 0, 2 * half, 2), Cut("odd", 1, 2 * half, 2)) : (Cut("lower", 0, half), Cut("upper", half, 2 * half));
        var left = Op("Sub", "left", [Op("Mul", "a.cos", [a, c]), Op("Mul", "b.sin", [b, s])]);
        var right = Op("Add", "right", [Op("Mul", "b.cos", [b, c]), Op("Mul", "a.sin", [a, s])]);
        var rotated = interleaved
            ? Op("Reshape", "pairs", [Op("Concat", "stack", [Op("Unsqueeze", "left.new", [left, Ints("left.axis", -1)]), Op("Unsqueeze", "right.new", [right, Ints("right.axis", -1)])], ("axis", -1L)), Ints("pairs.shape", 0, 0, split ? 0 : heads, 2 * half)])
            : Op("Concat", "halves", [left, right], ("axis", -1L));
        if (2 * half < d) rotated = Op("Concat", "head", [rotated, Cut("rest", 2 * half, d)], ("axis", -1L));
        if (!split) Op("Reshape", "merged", [rotated, Ints("merged.shape", 0, 0, heads * d)]);
        nodes[^1].Output[0] = y.Name;
        return [.. nodes];
    }
}
