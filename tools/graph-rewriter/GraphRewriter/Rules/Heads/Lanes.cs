using FlashRt.GraphRewriter.Ir.Evaluation;

namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>
/// A value whose trailing axes are followed element by element: each is a sum of elements of one head x, each times an entry of a table.
/// </summary>
/// <param name="Trail">The trailing axes that hold one head.</param>
/// <param name="Sums">The elements, row-major.</param>
internal sealed record Lanes(IReadOnlyList<int> Trail, IReadOnlyList<IReadOnlyList<Lanes.Term>> Sums)
{
    /// <summary>Plus or minus x[Index], times an entry of a table where there is one.</summary>
    internal sealed record Term(bool Negative, int Index, Operand? Table = null, int Entry = 0);

    /// <summary>A factor as the graph has it: the tensor, and the axes of the product it broadcasts to.</summary>
    internal sealed record Operand(Value Value, int Rank);

    public static Lanes Of(int size) => new([size], [.. Enumerable.Range(0, size).Select(i => (IReadOnlyList<Term>)[new Term(false, i)])]);

    public Lanes Negated() => this with { Sums = [.. Sums.Select(s => (IReadOnlyList<Term>)[.. s.Select(t => t with { Negative = !t.Negative })])] };

    public Lanes? Plus(Lanes other) => other.Trail.SequenceEqual(Trail)
        ? this with { Sums = [.. Sums.Zip(other.Sums, (a, b) => (IReadOnlyList<Term>)[.. a, .. b])] } : null;

    /// <summary>Times a table, whose trailing axes broadcast to these.</summary>
    public Lanes? Times(Operand table, Shape shape)
    {
        if (Sums.Any(s => s.Any(t => t.Table is not null))) return null;
        var sizes = new long[Trail.Count];
        for (var i = 0; i < sizes.Length; i++)
        {
            var axis = shape.Rank - Trail.Count + i;
            if ((axis < 0 ? 1 : shape[axis].Value) is not { } size || (size != 1 && size != Trail[i])) return null;
            sizes[i] = size;
        }
        var entries = Broadcast.Indices(sizes, [.. Trail.Select(t => (long)t)]);
        return this with { Sums = [.. Sums.Select((s, i) => (IReadOnlyList<Term>)[.. s.Select(t => t with { Table = table, Entry = entries[i] })])] };
    }

    /// <summary>Elements picked along one of the trailing axes.</summary>
    public Lanes? Picked(int axis, IReadOnlyList<int> positions)
    {
        if (positions.Any(p => p < 0 || p >= Trail[axis])) return null;
        int inner = Trail.Skip(axis + 1).Aggregate(1, (n, t) => n * t), outer = Trail.Take(axis).Aggregate(1, (n, t) => n * t);
        var sums = new List<IReadOnlyList<Term>>();
        for (var o = 0; o < outer; o++)
            foreach (var p in positions)
                for (var i = 0; i < inner; i++) sums.Add(Sums[(o * Trail[axis] + p) * inner + i]);
        return new Lanes([.. Trail.Select((t, i) => i == axis ? positions.Count : t)], sums);
    }

    /// <summary>Several one after the other along a trailing axis.</summary>
    public static Lanes? Joined(IReadOnlyList<Lanes> parts, int axis)
    {
        if (parts.Any(p => p.Trail.Count != parts[0].Trail.Count || p.Trail.Where((t, i) => i != axis && t != parts[0].Trail[i]).Any())) return null;
        var outer = parts[0].Trail.Take(axis).Aggregate(1, (n, t) => n * t);
        var sums = new List<IReadOnlyList<Term>>();
        for (var o = 0; o < outer; o++)
            foreach (var part in parts)
                sums.AddRange(part.Sums.Skip(o * (part.Sums.Count / outer)).Take(part.Sums.Count / outer));
        return new Lanes([.. parts[0].Trail.Select((t, i) => i == axis ? parts.Sum(p => p.Trail[axis]) : t)], sums);
    }

    /// <summary>The same elements under other trailing axes.</summary>
    public Lanes? Reshaped(IReadOnlyList<int> trail) => trail.Aggregate(1, (n, t) => n * t) == Sums.Count ? this with { Trail = trail } : null;

    /// <summary>The trailing axes in another order.</summary>
    public Lanes Permuted(IReadOnlyList<int> order)
    {
        long[] from = [.. Trail.Select(t => (long)t)];
        int[] trail = [.. order.Select(o => Trail[o])];
        var sums = new IReadOnlyList<Term>[Sums.Count];
        for (var flat = 0; flat < sums.Length; flat++)
        {
            var index = new int[trail.Length];
            for (int i = trail.Length - 1, rest = flat; i >= 0; rest /= trail[i--]) index[i] = rest % trail[i];
            var at = 0;
            for (var axis = 0; axis < from.Length; axis++) at = at * (int)from[axis] + index[order.ToList().IndexOf(axis)];
            sums[flat] = Sums[at];
        }
        return new Lanes(trail, sums);
    }
}
