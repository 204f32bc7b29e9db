namespace FlashRt.GraphRewriter.Patterns;

/// <summary>Yields every way in which a pattern fits at a value. Alternatives, operand orders and groupings are plain iteration.</summary>
internal static class Matcher
{
    public static IEnumerable<Match> Match(Pattern pattern, Value root) =>
        Match(pattern, root, Bindings.None, null).Select(b => new Match(root, b));

    public static IEnumerable<Bindings> Match(Pattern pattern, Value? value, Bindings bindings, MatchTrace? trace) => (pattern, value) switch
    {
        (Optional, null) => [bindings],
        (Optional o, _) => Match(o.Inner, value, bindings, trace),
        (Either e, _) => e.Spellings.SelectMany(s => Match(s, value, bindings, trace)),
        (_, null) => Fail(pattern, null, bindings, trace),
        (Var v, _) => Bind(v, value, bindings, trace),
        (Bound b, _) => Match(b.Inner, value, bindings, trace).SelectMany(x => Bind(b.Variable, value, x, trace)),
        (Number n, _) => Near(n, value) ? [bindings] : Fail(n, value, bindings, trace),
        (Product p, _) => Factors(p, p.Factors, value, bindings, trace),
        (Op op, _) => Node(op, value, bindings, trace),
        _ => throw new NotSupportedException(pattern.GetType().Name),
    };

    private static IEnumerable<Bindings> Node(Op op, Value value, Bindings bindings, MatchTrace? trace)
    {
        if (value.Producer is not { } node || !op.Fits(node) || node.Outputs.ElementAtOrDefault(op.Output) != value)
            return op.MayMiss ? [] : Fail(op, value, bindings, trace);
        var with = bindings.With(op, node);
        foreach (var check in op.Checks)
            if (!check.Test(node)) return trace is null || op.MayMiss ? [] : FailCheck(op, check, node, with, trace);
        if (!op.MoreInputs && node.Inputs.Skip(op.Inputs.Count).Any(i => i is not null))
            return Fail(op, value, with, trace, $"{op} with {op.Inputs.Count} inputs");

        var found = Inputs(op.Inputs, node.Inputs, with, trace);
        return op.Commutes && node.Input(0) != node.Input(1)
            ? found.Concat(Inputs(op.Inputs, [node.Input(1), node.Input(0)], with, trace)) : found;
    }

    private static IEnumerable<Bindings> Inputs(IReadOnlyList<Pattern> patterns, IReadOnlyList<Value?> values, Bindings bindings, MatchTrace? trace) =>
        patterns.Select((p, i) => (Pattern: p, Value: i < values.Count ? values[i] : null))
            .Aggregate((IEnumerable<Bindings>)[bindings], (all, next) => all.SelectMany(b => Match(next.Pattern, next.Value, b, trace)));

    private static IEnumerable<Bindings> Factors(Product product, IReadOnlyList<Pattern> factors, Value value, Bindings bindings, MatchTrace? trace)
    {
        if (factors.Count == 1) return Match(factors[0], value, bindings, trace);
        if (value.Producer is not { OpType: "Mul", Domain: "", Inputs: [{ } a, { } b] } node) return Fail(product, value, bindings, trace);
        var with = bindings.With(new Op("Mul", []), node);
        return Splits(factors).SelectMany(s => Factors(product, s.Left, a, with, trace)
            .SelectMany(x => Factors(product, s.Right, b, x, trace)));
    }

    // Every way to deal the factors to two operands; equal factors are dealt once.
    private static IEnumerable<(List<Pattern> Left, List<Pattern> Right)> Splits(IReadOnlyList<Pattern> factors)
    {
        var seen = new HashSet<string>();
        for (var mask = 1; mask < (1 << factors.Count) - 1; mask++)
        {
            List<Pattern> left = [], right = [];
            for (var i = 0; i < factors.Count; i++) ((mask >> i & 1) != 0 ? left : right).Add(factors[i]);
            if (seen.Add(string.Join(',', left.Select(p => FirstIndex(factors, p))))) yield return (left, right);
        }
    }

    private static int FirstIndex(IReadOnlyList<Pattern> factors, Pattern pattern)
    {
        for (var i = 0; ; i++)
            if (ReferenceEquals(factors[i], pattern)) return i;
    }

    private static IEnumerable<Bindings> Bind(Var variable, Value value, Bindings bindings, MatchTrace? trace)
    {
        if (variable.Test is { } test && !test(value)) return Fail(variable, value, bindings, trace);
        var bound = bindings.Find(variable.Name);
        if (bound is null) return [bindings.With(variable.Name, value)];
        return bound == value ? [bindings] : Fail(variable, value, bindings, trace, $"'{bound.Name}' again");
    }

    private static bool Near(Number number, Value value) => value.Scalar is { } found
        && Math.Abs(found - number.Value) <= number.Tolerance * Math.Abs(number.Value);

    // A failed condition counts with all that fits below the node: it is the miss worth telling where everything else is right.
    private static IEnumerable<Bindings> FailCheck(Op op, Op.Check check, Node node, Bindings bindings, MatchTrace trace)
    {
        foreach (var whole in Inputs(op.Inputs, node.Inputs, bindings, null).Take(1)) trace.Add(whole, check.Expect, node.Outputs[op.Output], isCheck: true);
        return [];
    }

    private static IEnumerable<Bindings> Fail(Pattern pattern, Value? value, Bindings bindings, MatchTrace? trace, string? expect = null)
    {
        trace?.Add(bindings, expect ?? pattern.ToString(), value);
        return [];
    }
}
