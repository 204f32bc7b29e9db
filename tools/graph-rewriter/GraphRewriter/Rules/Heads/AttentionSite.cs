using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>An attention as it was read from the graph, in the terms of the op: what a rule needs to make the fused node.</summary>
internal sealed record AttentionSite(Arrangement Arrangement, Masking Masking, double Scale, double Cap, Value? Sink)
{
    /// <summary>Puts a site together from what was read, or says why the op cannot stand for it.</summary>
    public static (AttentionSite? Site, string? Reason) Of(Arrangement.Candidates candidates, Scores scores, bool guarded, FusionBuilder builder)
    {
        if (Arrangement.Best(candidates) is not { } found)
            return (null, $"queries {Text(candidates.Q)}, keys {Text(candidates.K)}, values {Text(candidates.V)} and result {Text(candidates.O)} are not heads of one float type that the op takes");
        var type = found.O.View.Value.Type;
        if (!type.IsFlashRtFloat()) return (null, $"the result is {type.Name()}; the op takes float32, float16 and bfloat16");
        if (Factor.Product(found.Queries.Heads) is null || Factor.Product(found.Keys.OwnHeads(found.K.View)) is null) return (null, "the number of heads is not known");

        var scale = scores.Scale * found.Q.Scale * found.K.Scale * (scores.Cap > 0 ? scores.Cap : 1);
        if (scale <= 0 || !double.IsFinite(scale)) return (null, $"the scores are scaled by {scale}; the op takes positive numbers");
        if (found.V.Scale != 1) return (null, "the values are scaled");
        if (scores.Cap < 0) return (null, $"the scores are capped at {scores.Cap}; the op takes positive numbers");
        var masking = Masking.Of(scores.Masks, found.Queries, candidates.KeyTokens, type, guarded, builder);
        if (masking.Reason is not null) return (null, masking.Reason);
        Value? sink = null;
        if (scores.Sink is { } column && (sink = SinkOf(column, found.Queries, type, builder)) is null)
            return (null, $"the sink '{column.Value.Name}' is not one {type.Name()} number for each head");
        return (new AttentionSite(found, masking, scale, scores.Cap, sink), null);
    }

    /// <summary>The fused node. Masks that attributes stand for are computed inside its body.</summary>
    public Fusion Fusion()
    {
        var a = Arrangement;
        Value?[] inputs = [a.Q.View.Value, a.Packed ? null : a.K.View.Value, a.Packed ? null : a.V.View.Value, Masking.Bias, Masking.Mask, Masking.KeyLength, null, Sink];
        var used = Array.FindLastIndex(inputs, i => i is not null) + 1;
        return new Fusion("Attention", inputs[..used], [a.O.View.Value])
        {
            Attributes = [.. Attributes()],
            Instead = Factor.Product(a.Queries.Tokens) is { } queries && Factor.Product(a.Keys.Tokens) is { } keys
                ? ComputedMask.Of(Masking, queries, keys) : new Dictionary<Value, FunctionBody>(),
        };
    }

    private IEnumerable<(string, object)> Attributes()
    {
        var a = Arrangement;
        yield return ("num_heads", Factor.Product(a.Queries.Heads)!.Value);
        yield return ("num_kv_heads", Factor.Product(a.Keys.OwnHeads(a.K.View))!.Value);
        yield return ("scale", Scale);
        if (Masking.Causal) yield return ("causal", 1L);
        if (Masking.Window >= 0) yield return ("window", Masking.Window);
        if (Cap > 0) yield return ("softcap", Cap);
        if (Masking.EmptyRowIsNaN) yield return ("empty_row", "nan");
        var own = Own(a.Q.View, a.Queries);
        if (UsesLayout) yield return ("layout", a.Layout == HeadForm.HeadsFirst ? "BNSH" : "BSNH");
        var form = a.Queries with { Channels = a.Values.Channels };
        var output = a.O.View.Axes.Count == 2 && a.Q.View.Axes.Count > 2 ? "rows" : Shape(form.FormOf(a.O.View), a.O.View);
        if (output != own) yield return ("output_layout", output);
    }

    private bool UsesLayout => new[] { Arrangement.Q, Arrangement.K, Arrangement.V }.Any(o => o.View.Axes.Count == 4) && !Arrangement.Packed;

    private string Own(TensorView view, Roles roles) => Arrangement.Packed ? "merged" : Shape(roles.FormOf(view) == HeadForm.Merged ? HeadForm.Merged : Arrangement.Layout, view);

    private static string Shape(HeadForm form, TensorView view) => form switch
    {
        HeadForm.HeadsFirst => "BNSH",
        HeadForm.TokensFirst => "BSNH",
        _ => "merged",
    };

    private static Value? SinkOf(TensorView column, Roles queries, DataType type, FusionBuilder builder)
    {
        foreach (var source in Operand.Sources(column).Reverse())
        {
            if (source.View.Value.Constant is { } constant) return ByHead(source.View, constant, queries) is { } sinks ? builder.Make($"{source.View.Value.Name}.sink", source.View.Value, ConstantTensor.From(type, [sinks.Length], sinks)) : null;
            if (!source.View.AllLeaves.SequenceEqual(queries.Heads.SelectMany(h => h.Leaves))) continue;
            if (source.View.Axes.Count == 1 && source.View.Value.Type == type) return source.View.Value;
        }
        return null;
    }

    // A folded column repeats the heads' numbers for every batch entry and query.
    private static double[]? ByHead(TensorView view, ConstantTensor tensor, Roles queries)
    {
        var heads = queries.Heads.SelectMany(h => h.Leaves).ToHashSet();
        var axis = Enumerable.Range(0, view.Axes.Count).Where(i => view.Leaves(i).Any(heads.Contains)).ToArray();
        if (tensor.Count > ConstantMask.MostElements || axis is not [var at] || !view.Leaves(at).SequenceEqual(queries.Heads.SelectMany(h => h.Leaves)) || tensor.Dims.Count != view.Axes.Count) return null;
        var inner = tensor.Dims.Skip(at + 1).Aggregate(1L, (n, d) => n * d);
        var (all, result) = (tensor.ReadAsDouble(), new double[tensor.Dims[at]]);
        for (var i = 0; i < result.Length; i++) result[i] = all[i * inner];
        for (var i = 0; i < all.Length; i++)
            if (all[i] != result[i / inner % result.Length]) return null;
        return result;
    }

    private static string Text(IReadOnlyList<Operand> operands) => Text(operands[0].View);

    private static string Text(TensorView view) => $"'{view.Value.Name}' ({view.Value.Type.Name()}{view.Value.Shape})";
}
