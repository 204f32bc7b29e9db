using System.Text.Encodings.Web;
using System.Text.Json;

namespace FlashRt.GraphRewriter;

/// <summary>What a rewrite did. The JSON form is a contract; its keys stay.</summary>
public sealed record RewriteReport(string Model, int NodesBefore, int NodesAfter, IReadOnlyList<FusedSite> Sites, IReadOnlyList<UnfusedSite> NotFused)
{
    private static readonly JsonSerializerOptions Style = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Number of fused nodes in the rewritten model by operator.</summary>
    public SortedDictionary<string, int> Fusions { get; } =
        new(Sites.GroupBy(s => s.Op).ToDictionary(g => g.Key, g => g.Count()), StringComparer.Ordinal);

    /// <summary>How many places each canonical pass changed before the rules ran; passes that changed nothing are left out.</summary>
    public IReadOnlyDictionary<string, int> Canonical { get; init; } = new SortedDictionary<string, int>(StringComparer.Ordinal);

    /// <summary>What --repair changed, in the order of the graph.</summary>
    public IReadOnlyList<Repair> Repairs { get; init; } = [];

    /// <summary>The report with the keys that scripts rely on.</summary>
    public string ToJson() => JsonSerializer.Serialize(new
    {
        model = Model,
        nodes_before = NodesBefore,
        nodes_after = NodesAfter,
        canonical = Canonical,
        repairs = Repairs.Select(r => new { node = r.Node, change = r.Change }),
        fusions = Fusions,
        sites = Sites.Select(s => new { op = s.Op, name = s.Name, nodes = s.Nodes }),
        not_fused = NotFused.Select(n => new
        {
            rule = n.Rule, node = n.Node, reason = n.Reason,
            element = n.Miss?.Element, at = n.Miss?.At, expected = n.Miss?.Expected, found = n.Miss?.Found,
        }),
    }, Style);
}
