using FlashRt.GraphRewriter.Ir.Evaluation;
using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>
/// The masks of a site in the op's terms: causal and window where constants prove them, otherwise one bias and one mask tensor.
/// </summary>
internal sealed record Masking
{
    public bool Causal { get; init; }

    public long Window { get; init; } = -1;

    public Value? Bias { get; init; }

    public Value? Mask { get; init; }

    /// <summary>Keys from this number on are hidden, for each batch entry or for all.</summary>
    public Value? KeyLength { get; init; }

    /// <summary>A row whose keys are all hidden is not a number in the graph; otherwise such a row does not exist, or is zeros.</summary>
    public bool EmptyRowIsNaN { get; init; }

    /// <summary>Masks that attributes stand for: the fused node does not read them.</summary>
    public IReadOnlyList<ScoreMask> Proved { get; init; } = [];

    /// <summary>Why the op cannot express the masks.</summary>
    public string? Reason { get; init; }

    /// <summary>Translates the masks of a site whose scores are arranged as batch, heads, queries and keys.</summary>
    public static Masking Of(IReadOnlyList<ScoreMask> masks, Roles queries, IReadOnlyList<Factor> keys, DataType type, bool guarded, FusionBuilder builder)
    {
        IReadOnlyList<Factor>[] axes = [queries.Batch, queries.Heads, queries.Tokens, keys];
        ConstantMask? hidden = null;
        var (hiding, rest) = (new List<ScoreMask>(), new List<ScoreMask>());
        foreach (var mask in masks)
        {
            if (Dims(mask.View, axes) is { } dims && ConstantMask.Of(mask, dims, type) is { } constant)
            {
                hidden = hidden?.And(constant) ?? constant;
                hiding.Add(mask);
            }
            else
            {
                rest.Add(mask);
            }
        }
        var made = new Masking();
        if (hidden is not null)
        {
            if (Size(queries.Tokens) is { } s && Size(keys) is { } t && hidden.LeavesEveryRowAKey && hidden.AsAttributes(s, t) is { } found)
                made = made with { Causal = found.Causal, Window = found.Window, Proved = hiding };
            else if (!hidden.LeavesEveryRowAKey && !hiding.All(m => double.IsNegativeInfinity(m.Fill ?? Lowest(m.View.Value))))
                rest.AddRange(hiding);  // rows that see nothing attend to everything alike: only the numbers themselves say so
            else
                made = made with { Mask = Visible(hidden, hiding, builder), EmptyRowIsNaN = !guarded && !hidden.LeavesEveryRowAKey };
        }
        foreach (var mask in rest)
        {
            made = mask.Fill is null ? made.WithBias(mask, axes, type, guarded, builder) : made.WithCondition(mask, axes, guarded);
            if (made.Reason is not null) return made;
        }
        return made;
    }

    private Masking WithBias(ScoreMask mask, IReadOnlyList<Factor>[] axes, DataType type, bool guarded, FusionBuilder builder)
    {
        if (Condition(mask.View) is { } condition && Mask is null && condition.WithForm(axes) is { } visible)
            return this with { Mask = visible, EmptyRowIsNaN = !guarded };
        if (!mask.View.Value.Type.IsFloat()) return this with { Reason = $"the mask '{mask.View.Value.Name}' is {mask.View.Value.Type.Name()}" };
        if (Bias?.Constant is { } first && mask.View.Value.Constant is { Count: <= ConstantMask.MostElements } && Dims(mask.View, axes) is { } second)
            return this with { Bias = Sum(first, mask.View.Value, second, type, builder) };
        if (Bias is not null) return this with { Reason = $"two tensors are added to the scores, '{Bias.Name}' and '{mask.View.Value.Name}'; the op takes one" };
        if (mask.View.Value.Constant is { Count: <= ConstantMask.MostElements } constant && Dims(mask.View, axes) is { } dims)
        {
            if (type == DataType.Float16 && constant.ReadAsDouble().Any(v => v < -65504 && !double.IsNegativeInfinity(v)))
                return this with { Reason = $"the mask '{mask.View.Value.Name}' has numbers below the range of float16" };
            var fits = constant.Type == type && HasForm(mask.View, axes);
            return this with { Bias = fits ? mask.View.Value : builder.Constant(mask.View.Value, type, dims), EmptyRowIsNaN = EmptyRowIsNaN || !guarded };
        }
        var source = Operand.Sources(mask.View).LastOrDefault(o => o.View.Value.Type == type && HasForm(o.View, axes));
        return source is null
            ? this with { Reason = $"the mask '{mask.View.Value.Name}' ({mask.View.Value.Type.Name()}{mask.View.Value.Shape}) is not of the scores' axes and of {type.Name()}, as the op takes it" }
            : this with { Bias = source.View.Value, EmptyRowIsNaN = EmptyRowIsNaN || (!guarded && MayBeInfinite(source.View.Value)) };
    }

    // Two constants are one: their sum, rounded once.
    private static Value Sum(ConstantTensor first, Value other, long[] dims, DataType type, FusionBuilder builder)
    {
        var all = Broadcast.Dims(first.Dims, dims);
        int[] left = Broadcast.Indices(first.Dims, all), right = Broadcast.Indices(dims, all);
        double[] x = first.ReadAsDouble(), y = other.Constant!.ReadAsDouble();
        return builder.Make($"{other.Name}.sum", other, ConstantTensor.From(type, all, [.. left.Zip(right, (i, j) => x[i] + y[j])]));
    }

    private Masking WithCondition(ScoreMask mask, IReadOnlyList<Factor>[] axes, bool guarded)
    {
        if (!double.IsNegativeInfinity(mask.Fill!.Value))
            return this with { Reason = $"a row whose keys are all hidden by '{mask.View.Value.Name}' attends to all of them alike; the op gives zeros there" };
        if (!Causal && Window < 0 && KeyLength is null && LengthOf(mask, axes) is { } length) return this with { KeyLength = length, EmptyRowIsNaN = EmptyRowIsNaN || !guarded };
        if (Mask is not null) return this with { Reason = $"two conditions hide keys, '{Mask.Name}' and '{mask.View.Value.Name}'; the op takes one" };
        return new Shown(mask.View, mask.HidesWhere).WithForm(axes) is { } visible ? this with { Mask = visible, EmptyRowIsNaN = EmptyRowIsNaN || !guarded }
            : this with { Reason = $"the condition '{mask.View.Value.Name}' is not of the scores' axes, true where a key is visible" };
    }

    // [0, 1, 2, ..] < length, the same for all heads and queries.
    private static Value? LengthOf(ScoreMask mask, IReadOnlyList<Factor>[] axes)
    {
        if (!mask.MayBeLength || mask.HidesWhere || mask.View is not { Axes.Count: 4, Value: { Shape: { } shape, Producer: { OpType: "Less", Domain: "" } less } } view || !HasForm(view, axes)) return null;
        if (shape[1].Value != 1 || shape[2].Value != 1 || shape[3].Value is not { } keys || less.Input(0)?.Integers is not { } places || less.Input(0)!.Shape?[-1].Value != keys) return null;
        if (places.Length != keys || places.Where((p, i) => p != i).Any() || less.Input(1) is not { Shape: { } column } length || column.Rank > 0 && column[-1].Value != 1) return null;
        while (length.Shape is not { Rank: 1 })
        {
            if (length.Producer is not { Domain: "", OpType: "Reshape" or "Unsqueeze" or "Squeeze" } node || node.Input(0) is not { } before) return null;
            length = before;
        }
        return length is { Type: DataType.Int64, Constant: null } && (length.Shape[0].Value == 1 || length.Shape[0].SameAs(shape[0])) ? length : null;
    }

    // where(visible, 0, -inf): the condition says it all.
    private static Shown? Condition(TensorView bias)
    {
        foreach (var source in Operand.Sources(bias))
        {
            if (source.View.Value.Producer is not { OpType: "Where", Domain: "" } node || source.View.Broadcast(node.Input(0)!) is not { } condition) continue;
            if (node.Input(1)?.Scalar == 0 && node.Input(2)?.Scalar is double.NegativeInfinity) return new Shown(condition, false);
            if (node.Input(2)?.Scalar == 0 && node.Input(1)?.Scalar is double.NegativeInfinity) return new Shown(condition, true);
        }
        return null;
    }

    private static bool MayBeInfinite(Value bias) => bias.Producer is not { Domain: "", OpType: "Where" } node
        || node.Inputs.Skip(1).Any(i => i!.Scalar is null or double.NegativeInfinity);

    private static Value Visible(ConstantMask hidden, List<ScoreMask> sources, FusionBuilder builder) =>
        builder.Make($"{sources[0].View.Value.Name}.visible", sources[0].View.Value, ConstantTensor.From(DataType.Bool, hidden.Dims, [.. hidden.Hidden.Select(h => h ? 0L : 1L)]));

    private static double Lowest(Value mask) => mask.Constant is { Count: <= ConstantMask.MostElements } c && c.Type.IsFloat() ? c.ReadAsDouble().Where(v => v != 0).DefaultIfEmpty(double.NegativeInfinity).Max() : 0;

    private static long? Size(IReadOnlyList<Factor> factors) => Factor.Product(factors);

    private static IReadOnlyList<Factor> Leaves(IReadOnlyList<Factor> factors) => [.. factors.SelectMany(f => f.Leaves)];

    // At most four axes, each of them, from the last, the whole of batch, heads, queries, keys, or one element.
    private static bool HasForm(TensorView view, IReadOnlyList<Factor>[] axes) => view.Axes.Count <= 4
        && Enumerable.Range(0, view.Axes.Count).All(i => view.Leaves(i) is var own && (own.Count == 0 || own.SequenceEqual(Leaves(axes[4 - view.Axes.Count + i]))));

    // The four sizes of a tensor whose factors are a selection of the whole axes, in their order.
    private static long[]? Dims(TensorView view, IReadOnlyList<Factor>[] axes)
    {
        var rest = view.AllLeaves.ToList();
        var dims = new long[4];
        for (var i = 0; i < 4; i++)
        {
            var whole = Leaves(axes[i]);
            var has = whole.Count > 0 && rest.Count >= whole.Count && rest.Take(whole.Count).SequenceEqual(whole);
            if (has) rest.RemoveRange(0, whole.Count);
            if ((has ? Size(whole) : 1) is not { } size) return null;
            dims[i] = size;
        }
        return rest.Count == 0 && (view.Value.Constant is not { } c || dims.Aggregate(1.0, (n, d) => n * d) == c.Count) ? dims : null;
    }

    private sealed record Shown(TensorView View, bool Inverted)
    {
        // The condition in a form the op takes, looking through Not where it is the wrong way round.
        public Value? WithForm(IReadOnlyList<Factor>[] axes)
        {
            var inverted = Inverted;
            for (var at = View; at is not null;)
            {
                if (!inverted && at.Value.Type == DataType.Bool && HasForm(at, axes)) return at.Value;
                if (at.Value.Producer is { OpType: "Not", Domain: "" } not) (at, inverted) = (at with { Value = not.Input(0)! }, !inverted);
                else at = at.Before();
            }
            return null;
        }
    }
}
