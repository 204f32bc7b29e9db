using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>A rotary embedding in the terms of the op: where heads come from and go to, and its tables.</summary>
internal sealed record RotarySite(Rotation Rotation, Operand X, Operand Y, Roles Roles, HeadForm From, HeadForm To, Value Cos, Value Sin)
{
    /// <summary>The site whose result the value is, or why there is none.</summary>
    public static (RotarySite? Site, string? Reason) Read(Value value, FusionBuilder builder)
    {
        var (rotation, reason) = Rotation.Read(value);
        if (rotation is null) return (null, reason);
        var x = rotation.X;
        if (!x.Type.IsFlashRtFloat()) return (null, $"x ('{x.Name}') is {x.Type.Name()}; the op takes float32, float16 and bfloat16");
        if (value.Type != x.Type) return (null, $"x ('{x.Name}') is {x.Type.Name()} but the result is {value.Type.Name()}; the op has one type");
        if (TensorView.Fresh(x) is not { } view || view.Axes.Count is not (3 or 4)) return (null, $"x ('{x.Name}') has not the four axes batch, heads, sequence and head size");
        if (Tokens(rotation.Cos, x.Shape!) is not { } tokens || Tokens(rotation.Sin, x.Shape!) != tokens)
            return (null, $"the tables '{rotation.Cos.Value.Name}' ({rotation.Cos.Value.Shape}) and '{rotation.Sin.Value.Name}' ({rotation.Sin.Value.Shape}) do not broadcast over the heads of x ({x.Shape})");

        var roles = view.Axes.Count == 3 ? new Roles(view.Axes[0], [], view.Axes[1], view.Axes[2])
            : tokens == 2 ? new Roles(view.Axes[0], view.Axes[1], view.Axes[2], view.Axes[3]) : new Roles(view.Axes[0], view.Axes[2], view.Axes[1], view.Axes[3]);
        if (Table(rotation.Cos, rotation.CosTwice, rotation, view, roles, builder) is not ({ } cos, _)) return (null, Table(rotation.Cos, rotation.CosTwice, rotation, view, roles, builder).Reason);
        if (Table(rotation.Sin, rotation.SinTwice, rotation, view, roles, builder) is not ({ } sin, _)) return (null, Table(rotation.Sin, rotation.SinTwice, rotation, view, roles, builder).Reason);
        if (rotation.CosTwice != rotation.SinTwice) return (null, "cos and sin have different layouts");

        // A source with fewer heads than x is repeated in between, which the op does not do.
        bool IsWhole(TensorView source) => roles.OwnHeads(source).SequenceEqual(roles.Heads.SelectMany(h => h.Leaves));
        var from = Operand.Sources(view).Last(o => o.View.Value.Type == x.Type && IsTaken(roles.FormOf(o.View)) && IsWhole(o.View) || o.Distance == 0);
        var to = Operand.Results(view with { Value = value }).Last(o => o.View.Value.Type == x.Type && IsTaken(roles.FormOf(o.View)) || o.Distance == 0);
        var (before, after) = (roles.FormOf(from.View), roles.FormOf(to.View));
        if (!IsTaken(before) || !IsTaken(after)) return (null, $"x ('{x.Name}', {x.Shape}) is not heads as the op takes them");
        if (before == HeadForm.Merged && Factor.Product(roles.Heads) is null) return (null, "the number of heads is not known");
        if (to.View.Axes.Count == 2 && from.View.Axes.Count != 2) to = Operand.Results(view with { Value = value })[0];
        return (new RotarySite(rotation, from, to, roles, before, roles.FormOf(to.View), cos, sin), null);
    }

    /// <summary>The fused node.</summary>
    public Fusion Fusion() => new("RotaryEmbedding", [X.View.Value, Cos, Sin], [Y.View.Value]) { Attributes = [.. Attributes()] };

    private IEnumerable<(string, object)> Attributes()
    {
        yield return ("style", Rotation.Interleaved ? "interleaved" : "rotate_half");
        if (From != HeadForm.Merged) yield return ("layout", Text(From));
        else yield return ("num_heads", Factor.Product(Roles.Heads)!.Value);
        if (Rotation.Width != Rotation.X.Shape![-1].Value) yield return ("rotary_dim", (long)Rotation.Width);
        if (To != From) yield return ("output_layout", Text(To));
    }

    private static string Text(HeadForm form) => form switch { HeadForm.HeadsFirst => "BNSH", HeadForm.TokensFirst => "BSNH", _ => "merged" };

    private static bool IsTaken(HeadForm form) => form is HeadForm.Merged or HeadForm.TokensFirst or HeadForm.HeadsFirst;

    // The axis of x that the table follows: the heads are where it has one element for all.
    private static int? Tokens(Lanes.Operand table, Shape x)
    {
        Dim At(int axis) => axis - x.Rank - (table.Rank - x.Rank) + table.Value.Shape!.Rank is var at && at >= 0 && at < table.Value.Shape.Rank ? table.Value.Shape[at] : 1;
        if (At(0).Value != 1 && !At(0).SameAs(x[0])) return null;
        if (x.Rank == 3) return At(1).SameAs(x[1]) ? 1 : null;
        return At(1).Value == 1 && At(2).SameAs(x[2]) ? 2 : At(2).Value == 1 && At(1).SameAs(x[1]) ? 1 : null;
    }

    // [S, W], [1 or B, S, W] or [1 or B, 1, S, W].
    private static (Value? Found, string? Reason) Table(Lanes.Operand table, bool twice, Rotation rotation, TensorView x, Roles roles, FusionBuilder builder)
    {
        var (value, width) = (table.Value, twice ? rotation.Width : rotation.Width / 2);
        if (twice && !RotaryTables.EntriesAgree(value, rotation.Interleaved))
            return (null, $"the two {(rotation.Interleaved ? "neighbours" : "halves")} of the table '{value.Name}' are not provably the same");
        IReadOnlyList<Factor> channels = Factor.Axis(width);
        var shape = value.Shape!;
        var axes = new List<IReadOnlyList<Factor>>();
        for (var i = 0; i < shape.Rank; i++)
        {
            var axis = table.Rank - shape.Rank + i;
            axes.Add(shape[i].Value == 1 ? [] : axis < x.Axes.Count - 1 ? x.Axes[axis] : channels);
        }
        if (axes.Count(a => ReferenceEquals(a, channels)) > 1) return (null, $"the table '{value.Name}' ({shape}) has more than one axis for a head");
        var view = new TensorView(value, axes);
        if (value.Constant is { Count: > ConstantMask.MostElements }) return (null, $"the table '{value.Name}' is too large");
        if (value.Constant is not null)
        {
            if (!IsExact(value.Constant, rotation.X.Type)) return (null, $"the numbers of the table '{value.Name}' ({value.Type.Name()}) are not {rotation.X.Type.Name()}, as x is");
            var batch = shape.Rank == table.Rank && shape[0].Value is { } b ? b : 1;
            var tokens = Factor.Product(view.AllLeaves.Where(roles.Tokens.Contains));
            return tokens is { } s ? (builder.Constant(value, rotation.X.Type, [batch, s, width]), null) : (null, $"the length of the table '{value.Name}' is not known");
        }
        var source = Operand.Sources(view).LastOrDefault(o => o.View.Value.Type == rotation.X.Type && IsTable(o.View, roles, channels));
        return source is not null ? (source.View.Value, null)
            : (null, $"the table '{value.Name}' is {value.Type.Name()}{shape}; the op takes {rotation.X.Type.Name()} of positions and a head's width");
    }

    // A rounded table would be off by as much as the result is rounded, which shows where its two products cancel.
    private static bool IsExact(ConstantTensor table, DataType type) => table.Type == type || type == DataType.Float
        || ConstantTensor.From(type, table.Dims, table.ReadAsDouble()).ReadAsDouble().AsSpan().SequenceEqual(table.ReadAsDouble());

    private static bool IsTable(TensorView view, Roles roles, IReadOnlyList<Factor> channels)
    {
        var rank = view.Axes.Count;
        bool Is(int axis, IReadOnlyList<Factor> factors) => view.Leaves(axis).SequenceEqual(factors);
        return rank is >= 2 and <= 4 && Is(rank - 1, channels) && Is(rank - 2, roles.Tokens)
            && (rank < 3 || Is(0, []) || Is(0, roles.Batch)) && (rank < 4 || Is(1, []));
    }
}
