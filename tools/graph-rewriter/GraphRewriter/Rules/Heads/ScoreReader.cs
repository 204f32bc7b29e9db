using FlashRt.GraphRewriter.Ir.Evaluation;

namespace FlashRt.GraphRewriter.Rules.Heads;

/// <summary>Reads the argument of a softmax as attention scores.</summary>
internal static class ScoreReader
{
    /// <summary>A score this low or lower hides its key for good: e to it is 0 in every type of the op.</summary>
    public static bool Hides(double fill, DataType type) => fill <= (type == DataType.Float16 ? -6e4 : -1e9);

    /// <summary>The scores of which <paramref name="at"/> is a view, its last two axes queries and keys.</summary>
    public static Scores Read(TensorView at) => Read(at, new Scores());

    private static Scores Read(TensorView at, Scores so)
    {
        if (at.Value.Producer is not { } node || so.Path.Count > 64 || !node.IsSound() || at.Value.Shape?.Rank != at.Axes.Count)
            return so with { Reason = $"the scores come from {at.Value}, not from a product of queries and keys" };
        so = so with { Path = [.. so.Path, node] };
        if (Product.Making(at) is { } product) return so with { Product = product, Scale = so.Scale * product.Alpha };
        if (node.Domain.Length > 0) return so with { Reason = $"the scores come from {node}, not from a product of queries and keys" };
        return node.OpType switch
        {
            "Mul" or "Div" => Scaled(at, node, so),
            "Add" => Added(at, node, so),
            "Sub" when IsMaximum(node.Input(1), node.Input(0)) => Read(at with { Value = node.Input(0)! }, so with { Path = [.. so.Path, node.Input(1)!.Producer!] }),
            "Max" when Other(node, v => v.Scalar is { } low && Hides(low, v.Type)) is { } x => Onward(at, x, so),
            "Tanh" => so.Cap > 0
                ? so with { Reason = $"the scores are capped twice ({node})" }
                : Read(at with { Value = node.Input(0)! }, so with { Cap = so.Scale, Scale = 1 }),
            "Where" => Selected(at, node, so),
            "Concat" => WithSink(at, node, so),
            _ => at.Before() is { } before ? Read(before, so) : so with { Reason = $"the scores come from {node}, not from a product of queries and keys" },
        };
    }

    // The operand that is not broadcast goes on; a view of the result is a view of it.
    private static Scores Onward(TensorView at, Value x, Scores so) => x.Shape is { } shape && shape.SameAs(at.Value.Shape)
        ? Read(at with { Value = x }, so)
        : so with { Reason = $"the scores '{x.Name}' ({x.Shape}) are broadcast to {at.Value.Shape}" };

    private static Scores Scaled(TensorView at, Node node, Scores so)
    {
        var scalar = node.Input(1)?.Scalar is not null ? 1 : node.OpType == "Mul" && node.Input(0)?.Scalar is not null ? 0 : -1;
        if (scalar < 0)
        {
            var factor = node.Inputs.FirstOrDefault(i => i?.Constant is not null) ?? node.Input(1)!;
            return so with { Reason = $"the scores are multiplied by '{factor.Name}' ({factor.Shape}), which is not one constant number (node '{node.Name}')" };
        }
        var number = node.Input(scalar)!.Scalar!.Value;
        return Onward(at, node.Input(1 - scalar)!, so with { Scale = node.OpType == "Mul" ? so.Scale * number : so.Scale / number });
    }

    private static Scores Added(TensorView at, Node node, Scores so)
    {
        var first = WithMask(node.Input(0)!, node.Input(1)!);
        if (first.Reason is null) return first;
        var second = WithMask(node.Input(1)!, node.Input(0)!);
        return second.Reason is null || second.Path.Count > first.Path.Count ? second : first;

        Scores WithMask(Value scores, Value mask)
        {
            if (so.Cap > 0) return so with { Reason = $"'{mask.Name}' is added before the cap (node '{node.Name}'); the op caps first" };
            if (at.Broadcast(mask) is not { } view) return so with { Reason = $"the shape of the mask '{mask.Name}' is not known" };
            if (so.Scale != 1 && !OnlyHides(mask))
                return so with { Reason = $"'{mask.Name}' is added before the scores are scaled by {so.Scale:0.######} (node '{node.Name}')" };
            return Onward(at, scores, so with { Masks = [.. so.Masks, new ScoreMask(node, scores, view)] });
        }
    }

    // Zeros and minus infinity stay what they are under a positive scale.
    private static bool OnlyHides(Value mask) => mask.Constant is { Count: <= ConstantEvaluator.MostElements } c && c.Type.IsFloat()
        && c.ReadAsDouble().All(v => v == 0 || double.IsNegativeInfinity(v));

    private static Scores Selected(TensorView at, Node node, Scores so)
    {
        var condition = node.Input(0)!;
        var hidesWhere = node.Input(1)?.Scalar is { } f && Hides(f, at.Value.Type);
        if (!hidesWhere && (node.Input(2)?.Scalar is not { } low || !Hides(low, at.Value.Type)))
            return so with { Reason = $"the scores are replaced by something that does not hide keys (node '{node.Name}', Where)" };
        if (at.Broadcast(condition) is not { } view) return so with { Reason = $"the shape of the mask '{condition.Name}' is not known" };
        if (so.Cap > 0) return so with { Reason = $"keys are hidden before the cap (node '{node.Name}'); the op caps first" };
        var fill = node.Input(hidesWhere ? 1 : 2)!.Scalar!.Value;
        var scores = node.Input(hidesWhere ? 2 : 1)!;
        return Onward(at, scores, so with { Masks = [.. so.Masks, new ScoreMask(node, scores, view, fill, hidesWhere, MayBeLength: true)] });
    }

    // softmax over [scores, sink], whose last column the graph drops afterwards.
    private static Scores WithSink(TensorView at, Node node, Scores so)
    {
        var rank = at.Axes.Count;
        if (node.Inputs.Count != 2 || node.Int("axis", 0) is var axis && axis != -1 && axis != rank - 1 || node.Input(1)!.Shape?[-1].Value != 1 || so.Sink is not null)
            return so with { Reason = $"the scores are concatenated with other tensors than one sink column (node '{node.Name}')" };
        if (so.Masks.Count > 0 || so.Scale != 1 || so.Cap > 0) return so with { Reason = $"the sink column is masked or scaled (node '{node.Name}')" };
        var sink = new TensorView(node.Input(1)!, [.. at.Axes.Take(rank - 1), []]);
        var scores = node.Input(0)!;
        if (scores.Shape is not { } shape) return so with { Reason = $"the shape of '{scores.Name}' is not known" };
        return Read(new TensorView(scores, [.. at.Axes.Take(rank - 1), Factor.Axis(shape[-1])]), so with { Sink = sink });
    }

    private static bool IsMaximum(Value? value, Value? of) => value?.Producer is { OpType: "ReduceMax", Domain: "" } node && node.Input(0) == of
        && node.Int("keepdims", 1) != 0 && of?.Shape is { } shape && Ir.Inference.Reduction.Axes(node, shape.Rank) is [var axis] && axis == shape.Rank - 1;

    private static Value? Other(Node node, Func<Value, bool> isThis) => node.Inputs is [{ } a, { } b] ? isThis(b) ? a : isThis(a) ? b : null : null;
}
