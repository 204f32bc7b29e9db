using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// The part of the graph between a fusion's outputs and its inputs: what the fused node replaces, and what becomes its body. It is
/// found by walking back from the outputs, so it is complete whatever the pattern looked at.
/// </summary>
internal sealed class Region
{
    // Constants go into a body by copy; weights belong among the fused node's inputs.
    private const long MostCopiedBytes = 1 << 20;

    private readonly HashSet<Node> nodes = [];

    private Region(Fusion fusion, Match match) => (Fusion, Match) = (fusion, match);

    public Fusion Fusion { get; }

    public Match Match { get; }

    /// <summary>The nodes, in graph order.</summary>
    public IEnumerable<Node> Nodes => nodes.OrderBy(n => n.Index);

    /// <summary>Constants the nodes read that no node of the region makes.</summary>
    public List<Value> Constants { get; } = [];

    /// <summary>The nodes that nobody outside needs once the fused node is there.</summary>
    public HashSet<Node> Removable { get; } = [];

    /// <summary>Finds the region, or the reason why the fusion cannot stand for one.</summary>
    public static (Region? Region, string? Reason) Find(Fusion fusion, Match match)
    {
        var region = new Region(fusion, match);
        var reason = region.Collect() ?? region.CheckReaders() ?? region.CheckOrder();
        return reason is null ? (region, null) : (null, reason);
    }

    private string? Collect()
    {
        var inputs = Fusion.Inputs.ToHashSet();
        var seen = new HashSet<Value>();
        var pending = new Stack<Value>(Fusion.Outputs);
        while (pending.TryPop(out var value))
        {
            if (!seen.Add(value) || Fusion.Instead.ContainsKey(value) || (inputs.Contains(value) && !Fusion.Outputs.Contains(value))) continue;
            if (value.Producer is { } node && (Match.Nodes.Contains(node) || value.Constant is null || value.IsStored))
            {
                nodes.Add(node);
                foreach (var input in node.Inputs.Concat(node.Captures))
                    if (input is not null) pending.Push(input);
            }
            else if (value.Constant is { } constant)
            {
                if (constant.Raw.Length > MostCopiedBytes)
                    return $"the constant '{value.Name}' ({constant}) is too large to be copied into the function of the fused node";
                Constants.Add(value);
            }
            else
            {
                return $"the result also depends on '{value.Name}', which the fused node does not read";
            }
        }
        Constants.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return null;
    }

    private string? CheckReaders()
    {
        foreach (var node in Nodes)
            foreach (var inner in node.Outputs)
            {
                if (inner is null || Fusion.Outputs.Contains(inner) || !Match.Nodes.Contains(node) || Match.MayStay(node) || inner.IsStored) continue;
                if (inner.IsOutput) return $"the inner value '{inner.Name}' (node '{node.Name}', {node.OpType}) is a graph output";
                if (inner.Consumers.FirstOrDefault(c => !nodes.Contains(c)) is { } other)
                    return $"the inner value '{inner.Name}' (node '{node.Name}', {node.OpType}) is also read by node '{other.Name}' ({other.OpType})";
            }
        foreach (var node in Nodes.Reverse())
            if (node.Outputs.All(o => o is null || Fusion.Outputs.Contains(o) || (!o.IsOutput && o.Uses.All(u => Removable.Contains(u.Node)))))
                Removable.Add(node);
        return null;
    }

    // With several outputs an input may be computed from one of them outside the region: the fused node would wait for itself.
    private string? CheckOrder()
    {
        if (Fusion.Outputs.Count < 2) return null;
        var first = nodes.Min(n => n.Index);
        var seen = new HashSet<Value>();
        var pending = new Stack<Value>(Fusion.Inputs.Where(i => i is not null)!);
        while (pending.TryPop(out var value))
        {
            if (!seen.Add(value)) continue;
            if (Fusion.Outputs.Contains(value)) return $"an input of the fused node is computed from its output '{value.Name}'";
            if (value.Producer is { } node && node.Index >= first)
                foreach (var input in node.Inputs.Concat(node.Captures))
                    if (input is not null) pending.Push(input);
        }
        return null;
    }
}
