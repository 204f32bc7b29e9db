using FlashRt.GraphRewriter.Patterns;
using FlashRt.GraphRewriter.Rules;

namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// Applies one rule wherever it fits. Roots are visited from the graph's end, so that of two overlapping matches the larger wins: a
/// norm with the cast behind it before the norm alone.
/// </summary>
public sealed class RulePass(IRule rule, Func<Node, bool>? where = null) : IPass
{
    /// <inheritdoc/>
    public string Name => rule.Name;

    /// <summary>The rule it applies.</summary>
    public IRule Rule => rule;

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var count = 0;
        foreach (var node in context.Model.Graph.Nodes.Reverse().ToArray())
            if (!node.Removed && Roots(node).Any(root => Matcher.Match(rule.Source, root).Any(m => TryApply(m, context) is null))) count++;
        return count;
    }

    /// <summary>Notes every place that has the rule's core, or matches it, and was left alone, with the reason.</summary>
    internal void Explain(PassContext context)
    {
        var told = new HashSet<Node>();
        foreach (var node in context.Model.Graph.Nodes.Reverse())
            foreach (var match in Roots(node).SelectMany(r => Matcher.Match(rule.Source, r)))
                if (told.Add(match.Core) && Reason(match) is { } reason) Tell(match.Core, reason);
        Op[] cores = [.. NearestMiss.Cores(rule.Source)];
        foreach (var node in context.Model.Graph.Nodes)
            if (!told.Contains(node) && cores.Any(c => c.Fits(node)) && NearestMiss.Explain(rule.Source, node) is { } miss) Tell(node, miss.Reason, miss);

        void Tell(Node node, string reason, PatternMiss? miss = null) => context.NotFused.Add(new UnfusedSite(rule.Name, node.Name, reason) { Miss = miss });
    }

    private IEnumerable<Value> Roots(Node node) => node.Outputs is [{ } first, ..] && (where is null || where(node)) ? [first] : [];

    private string? Reason(Match match) => rule.Reject(match)
        ?? Region.Find(rule.Replace(match, new FusionBuilder(match.Graph)), match).Reason;

    private string? TryApply(Match match, PassContext context)
    {
        if (rule.Reject(match) is { } rejected) return rejected;
        var builder = new FusionBuilder(match.Graph);
        var fusion = rule.Replace(match, builder);
        var (region, reason) = Region.Find(fusion, match);
        if (region is null) return reason;
        Apply(region, builder, context);
        return null;
    }

    private void Apply(Region region, FusionBuilder builder, PassContext context)
    {
        var proto = context.Model.Proto;
        var overload = $"new_{proto.Functions.Count}_{region.Fusion.Outputs[0].Name}";
        var function = SiteBody.Make(region, rule.Name, overload);
        foreach (var replaced in region.Removable.Select(n => FunctionCall.Find(proto, n.Proto)))
            if (replaced is { Domain: FusedSites.Domain }) proto.Functions.Remove(replaced);
        proto.Functions.Add(function);
        context.Released.UnionWith(region.Constants.Where(c => c.Initializer is not null).Select(c => c.Name));
        context.Released.UnionWith(region.Nodes.SelectMany(n => n.Inputs).Where(i => i?.Initializer is not null).Select(i => i!.Name));
        foreach (var value in builder.Added) context.Model.Graph.Adopt(value);
        context.Model.Graph.Replace(region.Removable, [Node(region.Fusion, overload)]);
        foreach (var output in region.Fusion.Outputs) TypeNotes.Add(output, context);
    }

    private NodeProto Node(Fusion fusion, string overload)
    {
        Contract.Check(fusion);
        var node = new NodeProto { OpType = fusion.Op, Domain = FusedSites.Domain, Overload = overload, Name = $"{fusion.Op}:{fusion.Outputs[0].Name}" };
        node.Input.AddRange(fusion.Inputs.Select(i => i?.Name ?? ""));
        node.Output.AddRange(fusion.Outputs.Select(o => o.Name));
        node.Attribute.AddRange(fusion.Attributes.Select(a => Attributes.Make(a.Name, a.Value)));
        node.MetadataProps.Add(new StringStringEntryProto { Key = SiteBody.RuleKey, Value = rule.Name });
        return node;
    }
}
