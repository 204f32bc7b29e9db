namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>
/// What is left of a rotary embedding once every element is known: pairs of elements of x, rotated by entries of two tables, the other
/// elements of the head unchanged.
/// </summary>
internal sealed record Rotation(Value X, bool Interleaved, int Width, Lanes.Operand Cos, Lanes.Operand Sin, bool CosTwice, bool SinTwice)
{
    /// <summary>The rotation a value is, or why it only looks like one; neither where it has nothing of one.</summary>
    public static (Rotation? Found, string? Reason) Read(Value value)
    {
        string? reason = null;
        foreach (var (x, lanes) in LaneReader.Read(value))
        {
            // Some element must be made of another element than itself, with a table.
            if (!lanes.Sums.Where((s, i) => s.Count == 2 && s.All(t => t.Table is not null) && s.Any(t => t.Index != i)).Any()) continue;
            var (found, why) = Of(x, lanes);
            if (found is not null) return (found, null);
            reason ??= why;
        }
        return (null, reason);
    }

    private static (Rotation?, string?) Of(Value x, Lanes lanes)
    {
        var sums = lanes.Sums;
        var width = sums.Count;
        while (width > 0 && sums[width - 1] is [{ Table: null, Negative: false } same] && same.Index == width - 1) width--;
        if (width == 0 || width % 2 != 0) return (null, $"{width} elements of a head of {sums.Count} are rotated; the op rotates pairs");
        var half = width / 2;
        foreach (var interleaved in new[] { false, true })
        {
            var pairs = Enumerable.Range(0, half).Select(i => interleaved ? Pair.Of(sums, 2 * i, 2 * i + 1) : Pair.Of(sums, i, i + half)).ToArray();
            if (pairs.Any(p => p is null)) continue;
            var first = pairs[0]!;
            if (pairs.Any(p => p!.Cos.Value != first.Cos.Value || p.Sin.Value != first.Sin.Value)) return (null, "the pairs of a head are rotated by different tables");
            if (Twice(pairs!, p => p.CosEntries, interleaved, half) is not { } cosTwice || Twice(pairs!, p => p.SinEntries, interleaved, half) is not { } sinTwice)
                return (null, $"the entries of the tables '{first.Cos.Value.Name}' and '{first.Sin.Value.Name}' do not follow the pairs");
            return (new Rotation(x, interleaved, width, first.Cos, first.Sin, cosTwice, sinTwice), null);
        }
        return (null, $"the elements of '{x.Name}' are combined in other pairs, or with other signs, than rotations have");
    }

    // False: pair i reads entry i both times. True: entries stand twice, once for each element.
    private static bool? Twice(Pair[] pairs, Func<Pair, (int A, int B)> entries, bool interleaved, int half) =>
        pairs.Select((p, i) => entries(p) == (i, i)).All(same => same) ? false
        : pairs.Select((p, i) => entries(p) == (interleaved ? (2 * i, 2 * i + 1) : (i, i + half))).All(same => same) ? true : null;

    // (a, b) -> (a cos - b sin, b cos + a sin)
    private sealed record Pair(Lanes.Operand Cos, (int, int) CosEntries, Lanes.Operand Sin, (int, int) SinEntries)
    {
        public static Pair? Of(IReadOnlyList<IReadOnlyList<Lanes.Term>> sums, int a, int b)
        {
            if (Two(sums[a], a, b) is not ({ Negative: false } ca, { Negative: true } sa) || Two(sums[b], b, a) is not ({ Negative: false } cb, { Negative: false } sb)) return null;
            return ca.Table!.Value == cb.Table!.Value && sa.Table!.Value == sb.Table!.Value
                ? new Pair(ca.Table, (ca.Entry, cb.Entry), sa.Table, (sa.Entry, sb.Entry)) : null;
        }

        private static (Lanes.Term?, Lanes.Term?) Two(IReadOnlyList<Lanes.Term> sum, int own, int other) =>
            sum is [{ Table: not null } x, { Table: not null } y] ? x.Index == own && y.Index == other ? (x, y) : y.Index == own && x.Index == other ? (y, x) : (null, null) : (null, null);
    }
}
