using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Rules.Merging;

/// <summary>
/// <c>rope(norm(x · Q)), rope(norm(x · K)), x · V  →  QkvSplitRope(x · [Q | K | V])</c> before an attention, with or without norms, with
/// or without a cache between keys and attention. Rows that a Split cuts into queries, keys and values are such a product already.
/// </summary>
internal sealed class SplitRope : IMergeable
{
    /// <inheritdoc/>
    public (Action<MergeEdit>? Change, string? Reason) Read(Node node)
    {
        if (node is not { OpType: "Attention", Domain: FusedSites.Domain } || node.Input(1) is null || Behind(node.Input(2)) is not { } v) return default;
        var ((q, noQuery), (k, noKey)) = (Rotated.Read(Behind(node.Input(0))), Rotated.Read(Behind(node.Input(1))));
        if (q is not null && k is not null && Cut(q, k, v) is { } cut) return Fits(q, k, v) is null ? (edit => Apply(edit, q, k, v, cut), null) : default;
        if (Projection.Of(v) is not { } value || (q ?? k) is null && (noQuery ?? noKey) is null) return default;
        if (q is null || k is null) return (null, noQuery ?? noKey ?? $"of queries and keys only '{(q ?? k)!.Result.Name}' are rotated");
        if (Projection.Of(q.Rows) is not { } query || Projection.Of(k.Rows) is not { } key)
            return (null, $"'{(Projection.Of(q.Rows) is null ? q : k).Rows.Name}' is no product of rows with a stored matrix");
        if (key.Rows == value.Rows && key.Rows != query.Rows) return default;  // cross attention has nothing to merge
        var (merge, reason) = Merge.Of(query, key, value);
        reason ??= Fits(q, k, v);
        return reason is not null ? (null, reason) : (edit => Apply(edit, q, k, v, (merge!.Columns, merge.Apply)), null);
    }

    // Through caches and what only moves elements.
    private static Value? Behind(Value? value)
    {
        while (value?.Producer is { } node)
        {
            var input = (node.OpType, node.Domain) switch
            {
                ("Concat", _) => node.Inputs.Count - 1,
                ("KvCacheWrite", FusedSites.Domain) => 1,
                ("Reshape" or "Transpose" or "Squeeze" or "Unsqueeze", "") => 0,
                _ => -1,
            };
            if (input < 0) break;
            value = node.Input(input);
        }
        return value;
    }

    private static (IReadOnlyList<long> Columns, Func<MergeEdit, string> Apply)? Cut(Rotated q, Rotated k, Value v)
    {
        if (v.Producer is not { OpType: "Split", Domain: "" } split || !split.Outputs.SequenceEqual([q.Rows, k.Rows, v])) return null;
        if (split.Int("axis", 0) is var axis && axis != -1 && axis != v.Shape?.Rank - 1) return null;
        if (q.Rows.Shape?[-1].Value is not { } a || k.Rows.Shape?[-1].Value is not { } b || v.Shape?[-1].Value is not { } c) return null;
        return ([a, b, c], edit =>
        {
            edit.Remove(split);
            return split.Inputs[0]!.Name;
        });
    }

    private static string? Fits(Rotated q, Rotated k, Value v)
    {
        if (q.Rows.Shape is not { Rank: 2 or 3 } shape || v.Shape?.Rank != shape.Rank) return $"'{q.Rows.Name}' ({q.Rows.Shape}) is not rows of heads";
        return Difference(q, k) ?? q.OutsideReader() ?? k.OutsideReader() ?? Rows(q, 0).Problem() ?? Rows(k, 1).Problem() ?? Loop(q, k, v)
            ?? q.Path.Concat(k.Path).Where(n => n.Domain == FusedSites.Domain).Select(Packing.BodyProblem).FirstOrDefault(p => p is not null)
            ?? q.Path.Concat(k.Path).SelectMany(Shapes).Where(s => s.Constant is null).Select(s => $"the shape '{s.Name}' of the heads is computed").FirstOrDefault();
    }

    // What the op does to queries and keys alike.
    private static string? Difference(Rotated q, Rotated k)
    {
        foreach (var input in new[] { 1, 2 })
            if (q.Rope.Input(input) != k.Rope.Input(input)) return $"queries and keys are rotated by different tables ('{q.Rope.Input(input)?.Name}' and '{k.Rope.Input(input)?.Name}')";
        if (q.Size != k.Size || q.Rope.Text("style", "") != k.Rope.Text("style", "") || q.Rope.Int("rotary_dim", 0) != k.Rope.Int("rotary_dim", 0))
            return $"queries and keys are rotated in different ways ('{q.Rope.Name}' and '{k.Rope.Name}')";
        return q.Norm is null || k.Norm is null || q.Norm.Float("epsilon", 0) == k.Norm.Float("epsilon", 0) ? null
            : $"the norms of queries and keys have different epsilons ('{q.Norm.Name}' and '{k.Norm.Name}')";
    }

    private static HeadRows Rows(Rotated heads, int input) => new(heads, heads.Rows.Shape!.Rank, input);

    // What a Reshape on the way reads beside the elements.
    private static IEnumerable<Value> Shapes(Node node) => node.Domain.Length == 0 ? node.Inputs.Skip(1).OfType<Value>() : [];

    // The op gives all its results at once, so none of its inputs may come from one of them.
    private static string? Loop(Rotated q, Rotated k, Value v)
    {
        var (seen, first) = (new HashSet<Value>(), new[] { q.Rows, k.Rows, v }.Min(r => r.Producer!.Index));
        var pending = new Stack<Value>(new[] { q.Rope.Input(1), q.Rope.Input(2), q.NormWeight, k.NormWeight }.OfType<Value>());
        while (pending.TryPop(out var value))
        {
            if (!seen.Add(value)) continue;
            if (value == v || value == q.Rows || value == k.Rows) return $"an input of the rotation is computed from '{value.Name}'";
            if (value.Producer is { } node && node.Index >= first)
                foreach (var input in node.Inputs.Concat(node.Captures).OfType<Value>()) pending.Push(input);
        }
        return null;
    }

    private static void Apply(MergeEdit edit, Rotated q, Rotated k, Value v, (IReadOnlyList<long> Columns, Func<MergeEdit, string> Apply) source)
    {
        var packed = source.Apply(edit);
        var heads = new[] { Rows(q, 0), Rows(k, 1) }.Select(h => (Heads: h, Rows: h.Name(edit))).ToArray();
        List<NodeProto> body = [.. Packing.Unpack(q.Result, packed, [q.Rows, k.Rows, v], source.Columns)];
        body.AddRange(q.Path.Concat(k.Path).SelectMany(Shapes).Distinct().Select(SiteBody.Constant));
        foreach (var (own, rows) in heads)
        {
            body.AddRange(own.Body(edit.Model.Proto, rows));
            foreach (var node in own.Heads.Path) edit.Remove(node);
            edit.Describe(rows, own.Heads.Result.Type, new Shape([.. own.Heads.Rows.Shape!]));
        }
        edit.Describe(v.Name, v.Type, v.Shape);
        string[] inputs = [packed, q.Rope.Inputs[1]!.Name, q.Rope.Inputs[2]!.Name, q.NormWeight?.Name ?? "", k.NormWeight?.Name ?? ""];
        edit.Add("QkvSplitRope", inputs[..(Array.FindLastIndex(inputs, i => i.Length > 0) + 1)], [heads[0].Rows, heads[1].Rows, v.Name], Attributes(q, k, source.Columns), body);

        foreach (var (own, rows) in heads.Where(h => !h.Heads.IsRows && !h.Heads.IsForAttention)) edit.Add(own.Reshape(edit, rows));
        foreach (var attention in heads.Where(h => h.Heads.IsForAttention).SelectMany(h => h.Heads.Heads.Result.Consumers).Distinct())
            RewiredAttention.Apply(edit, attention, [.. heads.Where(h => h.Heads.IsForAttention && attention.Inputs.Contains(h.Heads.Heads.Result))]);
    }

    private static IEnumerable<AttributeProto> Attributes(Rotated q, Rotated k, IReadOnlyList<long> columns)
    {
        yield return Ir.Attributes.Make("q_dim", columns[0]);
        yield return Ir.Attributes.Make("k_dim", columns[1]);
        yield return Ir.Attributes.Make("v_dim", columns[2]);
        yield return Ir.Attributes.Make("head_dim", q.Size);
        yield return Ir.Attributes.Make("style", q.Rope.Text("style", "rotate_half"));
        if (q.Rope.Int("rotary_dim", 0) is > 0 and var width) yield return Ir.Attributes.Make("rotary_dim", width);
        if ((q.Norm ?? k.Norm) is { } norm) yield return Ir.Attributes.Make("epsilon", norm.Float("epsilon", 0));
    }
}
