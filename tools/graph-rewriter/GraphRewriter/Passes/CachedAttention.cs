using FlashRt.GraphRewriter.Rules.Heads;

namespace FlashRt.GraphRewriter.Passes;

/// <summary>An attention over past and new keys and values, and the two nodes that concatenate them.</summary>
internal sealed record CachedAttention(AttentionSite Site, Node Key, Node Value)
{
    /// <summary>The value the attention computes.</summary>
    public Value Result => Site.Arrangement.O.View.Value;

    /// <summary>The nodes between the caches and the result.</summary>
    public IEnumerable<Node> Inside
    {
        get
        {
            var seen = new HashSet<Node>();
            var pending = new Stack<Value>([Result]);
            while (pending.TryPop(out var value))
            {
                if (value.Producer is not { } node || node == Key || node == Value || value == Site.Arrangement.Q.View.Value || !seen.Add(node)) continue;
                foreach (var input in node.Inputs)
                    if (input is not null) pending.Push(input);
            }
            return seen;
        }
    }
}
