namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>Operators that move or select elements.</summary>
internal static class Layout
{
    public static void Reshape(InferenceContext c)
    {
        if (c.Sizes(1) is not { } target)
        {
            c.Set(c.Type(0), c.Shape(1)?[0].Value is { } rank and < 64 ? new Shape(new Dim[rank]) : null);
            return;
        }
        var copies = c.Node.Int("allowzero", 0) == 0;
        Dim[] dims = [.. target.Select((d, i) => d.Value == 0 && copies ? c.Shape(0)?[i] ?? Dim.Unknown : d)];
        var free = Array.FindIndex(dims, d => d.Value == -1);
        if (free >= 0) dims[free] = c.Shape(0) is { } from ? Rest(from, dims.Where((_, i) => i != free)) : Dim.Unknown;
        c.Set(c.Type(0), new Shape(dims));
        c.SetSizes(c.Sizes(0));
    }

    public static void Flatten(InferenceContext c)
    {
        if (c.Shape(0) is not { } s) { c.Set(c.Type(0), new Shape(new Dim[2])); return; }
        var axis = c.Axis(c.Node.Int("axis", 1), s.Rank);
        c.Set(c.Type(0), new Shape([Rest(new Shape([.. s.Take(axis)]), []), Rest(new Shape([.. s.Skip(axis)]), [])]));
    }

    public static void Transpose(InferenceContext c)
    {
        c.SetSizes(c.Shape(0) is { Rank: 1 } ? c.Sizes(0) : null);
        if (c.Shape(0) is not { } s) { c.Set(c.Type(0), null); return; }
        var perm = c.Node.Ints("perm") ?? [.. Enumerable.Range(0, s.Rank).Reverse().Select(i => (long)i)];
        c.Set(c.Type(0), new Shape([.. perm.Select(p => s[(int)p])]));
    }

    public static void Unsqueeze(InferenceContext c)
    {
        c.SetSizes(c.Sizes(0));
        if (c.Shape(0) is not { } s || c.Ints(1, "axes") is not { } axes) { c.Set(c.Type(0), null); return; }
        var dims = s.ToList();
        foreach (var axis in axes.Select(a => c.Axis(a, s.Rank + axes.Length)).Order()) dims.Insert(axis, 1);
        c.Set(c.Type(0), new Shape(dims));
    }

    public static void Squeeze(InferenceContext c)
    {
        c.SetSizes(c.Sizes(0));
        var axes = c.Ints(1, "axes");
        if (c.Shape(0) is not { } s || (axes is null && s.Static() is null)) { c.Set(c.Type(0), null); return; }
        int[] gone = axes is null
            ? [.. Enumerable.Range(0, s.Rank).Where(i => s[i].Value == 1)]
            : [.. axes.Select(a => c.Axis(a, s.Rank))];
        c.Set(c.Type(0), new Shape([.. s.Where((_, i) => !gone.Contains(i))]));
    }

    public static void Concat(InferenceContext c)
    {
        var parts = c.Node.Inputs.Count;
        if (c.Shape(0) is not { } first) { c.Set(c.CommonType, null); return; }
        var axis = c.Axis(c.Node.Int("axis", 0), first.Rank);
        var total = Enumerable.Range(0, parts).Aggregate((Dim)0, (sum, i) =>
            sum.Value is { } s && c.Shape(i)?[axis].Value is { } v ? s + v : Dim.Unknown);
        c.Set(c.CommonType, new Shape([.. first.Select((d, i) => i == axis ? total : d)]));
        var sizes = Enumerable.Range(0, parts).Select(c.Sizes).ToArray();
        if (first.Rank == 1 && sizes.All(s => s is not null)) c.SetSizes(sizes.SelectMany(s => s!));
    }

    public static void Split(InferenceContext c) => Split(c, c.Ints(1, "split"));

    public static void Split(InferenceContext c, long[]? sizes)
    {
        var outputs = c.Node.Outputs.Count;
        for (var i = 0; i < outputs; i++)
        {
            if (c.Shape(0) is not { } s) { c.Set(c.Type(0), null, i); continue; }
            var axis = c.Axis(c.Node.Int("axis", 0), s.Rank);
            Dim part = sizes is not null ? i < sizes.Length ? sizes[i] : Dim.Unknown : c.Node.Input(1) is null && s[axis].Value is { } v ? EvenPart(v, outputs, i) : Dim.Unknown;
            c.Set(c.Type(0), new Shape([.. s.Select((d, j) => j == axis ? part : d)]), i);
        }
    }

    public static void Slice(InferenceContext c)
    {
        if (c.Shape(0) is not { } s) { c.Set(c.Type(0), null); return; }
        var dims = s.ToArray();
        var (starts, ends, steps) = (c.Ints(1, "starts"), c.Ints(2, "ends"), c.Ints(4, "steps"));
        var axes = c.Node.Input(3) is null && c.Node.Ints("axes") is null
            ? [.. Enumerable.Range(0, starts?.Length ?? (int)(c.Shape(1)?[0].Value ?? s.Rank)).Select(i => (long)i)]
            : c.Ints(3, "axes");
        if (axes is null) { c.Set(c.Type(0), new Shape(new Dim[s.Rank])); return; }
        for (var i = 0; i < axes.Length; i++)
        {
            var axis = c.Axis(axes[i], s.Rank);
            var step = c.Node.Input(4) is null ? 1 : steps?[i] ?? 0;
            dims[axis] = step != 0 && starts is not null && ends is not null && s[axis].Value is { } size
                ? SliceRange.Of(starts[i], ends[i], size, step).Length
                : step == 1 && starts?[i] == 0 && ends?[i] >= int.MaxValue ? s[axis] : Dim.Unknown;
        }
        c.Set(c.Type(0), new Shape(dims));
        if (s.Rank == 1 && c.Sizes(0) is { } sizes && starts is not null && ends is not null && (c.Node.Input(4) is null || steps?[0] == 1))
        {
            var (from, length) = SliceRange.Of(starts[0], ends[0], sizes.Count);
            c.SetSizes(sizes.Skip((int)from).Take((int)length));
        }
    }

    public static void Gather(InferenceContext c)
    {
        if (c.Shape(0) is not { } s || c.Shape(1) is not { } indices) { c.Set(c.Type(0), null); return; }
        var axis = c.Axis(c.Node.Int("axis", 0), s.Rank);
        c.Set(c.Type(0), new Shape([.. s.Take(axis), .. indices, .. s.Skip(axis + 1)]));
        if (s.Rank == 1 && c.Sizes(0) is { } sizes && c.Sizes(1) is { } at && at.All(i => i.Value is not null))
            c.SetSizes(at.Select(i => sizes[c.Axis(i.Value!.Value, sizes.Count)]));
    }

    public static void GatherNd(InferenceContext c)
    {
        var known = c.Shape(0) is { } s && c.Shape(1) is { } i && i[-1].Value is { } depth
            ? new Shape([.. i.Take(i.Rank - 1), .. s.Skip((int)(c.Node.Int("batch_dims", 0) + depth))]) : null;
        c.Set(c.Type(0), known);
    }

    public static void Expand(InferenceContext c) => c.Set(c.Type(0),
        c.Sizes(1) is { } sizes ? InferenceContext.Broadcast(c.Shape(0), new Shape([.. sizes])) : null);

    public static void Tile(InferenceContext c) => c.Set(c.Type(0), c.Shape(0) is not { } s ? null
        : c.Sizes(1) is { } repeats ? new Shape([.. s.Zip(repeats, (d, r) => r.Value == 1 ? d : d.Value * r.Value is { } size ? size : Dim.Unknown)])
        : new Shape(new Dim[s.Rank]));

    public static void Pad(InferenceContext c)
    {
        if (c.Shape(0) is not { } s) { c.Set(c.Type(0), null); return; }
        var pads = c.Ints(1, "pads");
        int[] axes = c.Node.Input(3) is null ? [.. Enumerable.Range(0, s.Rank)] : [.. (c.Ints(3, "axes") ?? []).Select(a => c.Axis(a, s.Rank))];
        var known = pads is not null && pads.Length == 2 * axes.Length;
        c.Set(c.Type(0), new Shape([.. s.Select((d, i) => !known ? Dim.Unknown : Array.IndexOf(axes, i) is >= 0 and var at
            ? pads![at] + pads[at + axes.Length] is var more && more == 0 ? d : d.Value is { } size ? size + more : Dim.Unknown : d)]));
    }

    private static long EvenPart(long size, int parts, int index)
    {
        var chunk = (size + parts - 1) / parts;
        return Math.Min(chunk, size - chunk * index);
    }

    // What -1 stands for: the input's sizes divided by the other sizes, symbols cancelling.
    private static Dim Rest(Shape from, IEnumerable<Dim> others)
    {
        var symbols = from.Where(d => d.Value is null).ToList();
        long top = from.Aggregate(1L, (n, d) => n * (d.Value ?? 1)), bottom = 1;
        foreach (var dim in others)
        {
            if (dim.Value is { } v) bottom *= v;
            else if (symbols.FindIndex(s => s.SameAs(dim)) is >= 0 and var at) symbols.RemoveAt(at);
            else return Dim.Unknown;
        }
        if (bottom == 0 || top % bottom != 0) return Dim.Unknown;
        return symbols.Count switch { 0 => top / bottom, 1 when top == bottom => symbols[0], _ => Dim.Unknown };
    }
}
