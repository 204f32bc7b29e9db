namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>
/// The values an Attention node reads and writes, chosen so that as much of the moving of elements as possible lies inside it: all of one
/// type, four-axis inputs of one layout.
/// </summary>
internal sealed record Arrangement(Operand Q, Operand K, Operand V, Operand O, Roles Queries, Roles Keys, Roles Values, HeadForm Layout, bool Packed)
{
    /// <summary>Number of nodes left outside that only move elements.</summary>
    public int Left { get; init; }

    /// <summary>The best arrangement, or null where the operands have none.</summary>
    public static Arrangement? Best(Candidates c)
    {
        Factor[] lead = [.. c.Lead.SelectMany(f => f.Leaves)];
        return Enumerable.Range(0, lead.Length + 1).SelectMany(cut => Of(c, lead[..cut], lead[cut..])).MinBy(a => a.Left);
    }

    private static IEnumerable<Arrangement> Of(Candidates c, Factor[] batch, Factor[] heads)
    {
        Roles q = new(batch, heads, c.Tokens, c.Channels), k = q with { Tokens = c.KeyTokens }, v = k with { Channels = c.ValueChannels }, o = v with { Tokens = c.Tokens };
        foreach (var output in c.O.Reverse())
        {
            var form = o.FormOf(output.View);
            if (form is HeadForm.None or HeadForm.Packed || o.OwnHeads(output.View).Count != heads.Length) continue;
            foreach (var layout in new[] { HeadForm.TokensFirst, HeadForm.HeadsFirst })
            {
                if (Pick(c.Q, q, output, layout) is not { } query || Pick(c.K, k, output, layout) is not { } key || Pick(c.V, v, output, layout) is not { } value) continue;
                if (q.OwnHeads(query.View).Count != heads.Length || k.OwnHeads(key.View).Count != v.OwnHeads(value.View).Count) continue;
                var result = new Arrangement(query, key, value, output, q, k, v, layout, false);
                yield return result with { Left = Remaining(c.Q, query) + Remaining(c.K, key) + Remaining(c.V, value) + c.O.Count - 1 - output.Distance };
            }
            if (SideBySide(c, q, k, v, output) is { } packed) yield return packed;
        }
    }

    private static Operand? Pick(IReadOnlyList<Operand> sources, Roles roles, Operand output, HeadForm layout) => sources.LastOrDefault(s =>
        s.View.Value.Type == output.View.Value.Type && (roles.FormOf(s.View) is var form && (form == HeadForm.Merged || form == layout || roles.IsAlso(s.View, layout))));

    private static int Remaining(IReadOnlyList<Operand> sources, Operand chosen) => sources[^1].Distance - chosen.Distance;

    // One tensor with the columns Q | K | V.
    private static Arrangement? SideBySide(Candidates c, Roles q, Roles k, Roles v, Operand output)
    {
        foreach (var query in c.Q.Reverse())
        {
            if (query.View.Value.Type != output.View.Value.Type || q.PackedAt(query.View) is not { First: 0 } first) continue;
            if (c.K.LastOrDefault(s => s.View.Value == query.View.Value) is not { } key || k.PackedAt(key.View) is not { } second) continue;
            if (c.V.LastOrDefault(s => s.View.Value == query.View.Value) is not { } value || v.PackedAt(value.View) is not { } third) continue;
            if (Width(q, query) is not { } a || Width(k, key) is not { } b || Width(v, value) != b || Factor.Product(q.Channels) != Factor.Product(v.Channels)) continue;
            if (second.First != a || third.First != a + b || first.Columns != a + 2 * b) continue;
            if (query.View.Axes.Count == 2 && output.View.Axes.Count == 3) continue;
            return new Arrangement(query, key, value, output, q, k, v, HeadForm.TokensFirst, true)
            {
                Left = Remaining(c.Q, query) + Remaining(c.K, key) + Remaining(c.V, value) + c.O.Count - 1 - output.Distance,
            };
        }
        return null;
    }

    private static long? Width(Roles roles, Operand operand) => Factor.Product([.. roles.OwnHeads(operand.View), .. roles.Channels]);

    /// <summary>All that there is to choose from. Lead axes are batch and heads together.</summary>
    internal sealed record Candidates(IReadOnlyList<Operand> Q, IReadOnlyList<Operand> K, IReadOnlyList<Operand> V, IReadOnlyList<Operand> O)
    {
        public required IReadOnlyList<Factor> Lead { get; init; }

        public required IReadOnlyList<Factor> Tokens { get; init; }

        public required IReadOnlyList<Factor> KeyTokens { get; init; }

        public required IReadOnlyList<Factor> Channels { get; init; }

        public required IReadOnlyList<Factor> ValueChannels { get; init; }
    }
}
