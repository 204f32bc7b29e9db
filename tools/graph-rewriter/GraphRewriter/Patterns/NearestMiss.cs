namespace FlashRt.GraphRewriter.Patterns;

/// <summary>
/// Explains why a formula was not recognised around its core. It grows outward from the core node, one pattern element at a time, and
/// reports the first element that does not fit on the path that came furthest.
/// </summary>
internal static class NearestMiss
{
    private static readonly PatternMiss None = new("", "", "", "", 0);

    /// <summary>The first element that does not fit; null where the node is not the core of anything like the pattern, or the pattern fits.</summary>
    public static PatternMiss? Explain(Pattern pattern, Node core)
    {
        (int Level, PatternMiss Miss)? best = null;
        foreach (var path in Paths(pattern, []))
        {
            if (Walk(path, core) is not { } miss) return null;
            if (miss.Level >= 0 && (best is null || miss.Level > best.Value.Level)) best = miss;
        }
        return best?.Miss;
    }

    /// <summary>Operators at which the pattern's core could be.</summary>
    public static IEnumerable<Op> Cores(Pattern pattern) =>
        pattern is Op { IsCore: true } core ? [core] : pattern.Parts.SelectMany(Cores);

    // From the core outward to the root.
    private static IEnumerable<List<Pattern>> Paths(Pattern pattern, List<Pattern> outer)
    {
        List<Pattern> here = pattern is Op or Product ? [pattern, .. outer] : outer;
        return pattern is Op { IsCore: true } ? [here] : pattern.Parts.SelectMany(p => Paths(p, here));
    }

    // Null when the whole path fits; level -1 when not even the core does in any recognisable way.
    private static (int Level, PatternMiss Miss)? Walk(List<Pattern> path, Node core)
    {
        if (!((Op)path[0]).Fits(core) || core.Outputs is not [{ } output, ..]) return (-1, None);
        List<Value> at = [output];
        if (Attempt(path[0], at, out var miss).Count == 0)
            return miss is { Depth: > 1 } or { IsCheck: true } ? (0, miss.ToPatternMiss()) : (-1, None);

        for (var level = 1; level < path.Count; level++)
        {
            var candidates = Candidates(path[level], at);
            if (candidates.Count == 0) return (level * 100, Outward(path[level], at));
            var fit = Attempt(path[level], candidates, out miss);
            if (fit.Count == 0) return miss is null ? (level * 100, Outward(path[level], at)) : (level * 100 + miss.Depth, miss.ToPatternMiss());
            at = fit;
        }
        return null;
    }

    private static List<Value> Attempt(Pattern pattern, List<Value> values, out MatchTrace.Miss? miss)
    {
        var trace = new MatchTrace();
        List<Value> fit = [.. values.Where(v => Matcher.Match(pattern, v, Bindings.None, trace).Any())];
        miss = trace.Best;
        return fit;
    }

    private static List<Value> Candidates(Pattern pattern, List<Value> at)
    {
        var type = pattern is Op op ? op.Type : "Mul";
        var found = Readers(at, type);
        for (var i = 2; pattern is Product p && i < p.Factors.Count; i++) found = [.. found.Concat(Readers(found, type)).Distinct()];
        return found;
    }

    private static List<Value> Readers(List<Value> values, string type) => [.. values.SelectMany(v => v.Consumers)
        .Where(n => n.OpType == type && n.Outputs is [{ }, ..]).Select(n => n.Outputs[0]!).Distinct()];

    private static PatternMiss Outward(Pattern pattern, List<Value> at)
    {
        var readers = at[0].Consumers.Select(c => $"{c.OpType} (node '{c.Name}')").ToList();
        var node = at[0].Producer!;
        return new PatternMiss($"reader of {node.OpType} '{node.Name}'", node.Name, pattern.ToString(),
            readers.Count == 0 ? "a graph output" : string.Join(", ", readers), 1) { IsOutward = true };
    }
}
