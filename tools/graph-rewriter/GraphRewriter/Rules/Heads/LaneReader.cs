namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>
/// Follows a computation on the last axis of x element by element: slices, halves, stacks, signs, products with tables. What does not
/// depend on x is a table.
/// </summary>
internal sealed class LaneReader
{
    // Heads are at most this wide; a rotation is a dozen nodes.
    private const int MostElements = 1024, MostNodes = 48;

    private readonly Value x;
    private readonly HashSet<Value> depends;
    private readonly Dictionary<Value, Lanes?> known = [];
    private readonly int lead;

    private LaneReader(Value x, HashSet<Value> depends) => (this.x, this.depends, lead) = (x, depends, x.Shape!.Rank - 1);

    /// <summary>Every way to read the value as a function of one of the values it is computed from, the nearest first.</summary>
    public static IEnumerable<(Value X, Lanes Lanes)> Read(Value value)
    {
        if (value.Shape is not { Rank: >= 2 } shape || Width(shape) is not { } width) yield break;
        if (Cone(value) is not { } cone) yield break;
        foreach (var x in cone.Where(v => v != value && v.Constant is null && v.Shape is { } s && s.Rank == shape.Rank && Width(s) == width && s.SameAs(shape))
            .OrderByDescending(v => v.Producer?.Index ?? -1))
        {
            if (new LaneReader(x, Dependents(x, cone)).Of(value) is { Trail.Count: 1 } lanes) yield return (x, lanes);
        }
    }

    private static int? Width(Shape shape) => shape[-1].Value is >= 2 and <= MostElements and var w ? (int)w : null;

    // The values that the operators of a rotation compute the value from.
    private static HashSet<Value>? Cone(Value value)
    {
        var cone = new HashSet<Value> { value };
        var pending = new Queue<Value>([value]);
        var multiplies = false;
        for (var nodes = 0; pending.TryDequeue(out var at);)
        {
            if (at.Constant is not null || at.Producer is not { } node || !IsStep(node)) continue;
            if (++nodes > MostNodes) continue;
            multiplies |= node.OpType == "Mul";
            foreach (var input in node.Inputs)
                if (input is not null && input.Type.IsFloat() && cone.Add(input)) pending.Enqueue(input);
        }
        return multiplies ? cone : null;
    }

    private static bool IsStep(Node node) => node.Domain.Length == 0 && node.IsSound() && node.OpType is "Add" or "Sub" or "Mul" or "Neg" or "Cast" or "Identity" or "Concat"
        or "Slice" or "Split" or "Gather" or "Reshape" or "Unsqueeze" or "Squeeze" or "Flatten" or "Transpose";

    private static HashSet<Value> Dependents(Value x, HashSet<Value> cone)
    {
        var depends = new HashSet<Value> { x };
        var pending = new Queue<Value>([x]);
        while (pending.TryDequeue(out var at))
            foreach (var output in at.Consumers.SelectMany(c => c.Outputs))
                if (output is not null && cone.Contains(output) && depends.Add(output)) pending.Enqueue(output);
        return depends;
    }

    private Lanes? Of(Value value)
    {
        if (value == x) return Lanes.Of((int)x.Shape![-1].Value!.Value);
        if (known.TryGetValue(value, out var lanes)) return lanes;
        return known[value] = value.Shape is { } shape && shape.Rank > lead && value.Producer is { } node && IsStep(node) ? Of(node, value, shape) : null;
    }

    private Lanes? Of(Node node, Value y, Shape shape)
    {
        Value a = node.Input(0)!;
        switch (node.OpType)
        {
            case "Cast" or "Identity":
                return Of(a);
            case "Neg":
                return Of(a)?.Negated();
            case "Add" or "Sub":
                var b = node.Input(1)!;
                if (!depends.Contains(a) || !depends.Contains(b) || a.Shape?.Rank != shape.Rank || b.Shape?.Rank != shape.Rank) return null;
                return Of(a) is { } left && Of(b) is { } right ? left.Plus(node.OpType == "Sub" ? right.Negated() : right) : null;
            case "Mul":
                var (factor, table) = depends.Contains(a) ? (a, node.Input(1)!) : (node.Input(1)!, a);
                if (depends.Contains(table) || table.Shape is not { } t || factor.Shape?.SameAs(shape) != true) return null;
                return Of(factor)?.Times(new Lanes.Operand(table, shape.Rank), t);
            case "Concat":
                if (Trailing(node.Int("axis", 0), shape.Rank) is not { } axis || !node.Inputs.All(i => i is not null && depends.Contains(i))) return null;
                var parts = node.Inputs.Select(i => Of(i!)).ToList();
                return parts.All(p => p is not null) ? Lanes.Joined(parts!, axis) : null;
            case "Split":
                return depends.Contains(a) && Of(a) is { } whole && Trailing(node.Int("axis", 0), shape.Rank) is { } along ? Part(whole, along, node, y) : null;
            case "Slice":
                return depends.Contains(a) && Of(a) is { } sliced ? Sliced(sliced, node, a.Shape!) : null;
            case "Gather":
                return depends.Contains(a) && node.Input(1) is { Integers: { } at, Shape.Rank: <= 1 } && Of(a) is { } source && Trailing(node.Int("axis", 0), a.Shape!.Rank) is { } from
                    ? Gathered(source, from, at, shape) : null;
            case "Transpose":
                if (node.Ints("perm") is not { } perm || perm.Take(lead).Where((p, i) => p != i).Any()) return null;
                return Of(a)?.Permuted([.. perm.Skip(lead).Select(p => (int)p - lead)]);
            default:
                return depends.Contains(a) && a.Shape is { } before && before.Take(lead).Zip(shape.Take(lead)).All(p => p.First.SameAs(p.Second))
                    && Sizes(shape) is { } trail ? Of(a)?.Reshaped(trail) : null;
        }
    }

    private static Lanes? Part(Lanes whole, int axis, Node split, Value part)
    {
        var at = 0;
        foreach (var output in split.Outputs)
        {
            if (output?.Shape is not { } shape || shape[shape.Rank - whole.Trail.Count + axis].Value is not { } size) return null;
            if (output == part) return whole.Picked(axis, [.. Enumerable.Range(at, (int)size)]);
            at += (int)size;
        }
        return null;
    }

    private Lanes? Sliced(Lanes whole, Node node, Shape from)
    {
        long[]? Ints(int input, string attribute) => node.Input(input) is { } v ? v.Integers : node.Ints(attribute);
        if (Ints(1, "starts") is not { } starts || Ints(2, "ends") is not { } ends || (node.Input(4) is not null && node.Input(4)!.Integers is null)) return null;
        var axes = Ints(3, "axes") ?? [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)];
        Lanes? result = whole;
        for (var i = 0; i < axes.Length && result is not null; i++)
        {
            var step = node.Input(4)?.Integers?[i] ?? 1;
            if (Trailing(axes[i], from.Rank) is not { } axis || step < 1) return null;
            var (first, length) = SliceRange.Of(starts[i], ends[i], result.Trail[axis]);
            result = result.Picked(axis, [.. Enumerable.Range(0, (int)((length + step - 1) / step)).Select(k => (int)(first + k * step))]);
        }
        return result;
    }

    private Lanes? Gathered(Lanes source, int axis, long[] at, Shape to)
    {
        var picked = source.Picked(axis, [.. at.Select(p => (int)(p < 0 ? p + source.Trail[axis] : p))]);
        return Sizes(to) is { } trail ? picked?.Reshaped(trail) : null;
    }

    private int? Trailing(long axis, int rank) => (int)(axis < 0 ? axis + rank : axis) - lead is >= 0 and var at ? at : null;

    private int[]? Sizes(Shape shape) => shape.Skip(lead).All(d => d.Value is > 0 and <= MostElements) ? [.. shape.Skip(lead).Select(d => (int)d.Value!.Value)] : null;
}
