using System.Text.RegularExpressions;

namespace FlashRt.GraphRewriter;

/// <summary>
/// Places that one rule left alone for one reason: the layers of a model repeat, so a list of places repeats as well. Reasons that
/// differ in names of nodes and values only are one.
/// </summary>
public sealed partial record UnfusedGroup(string Rule, IReadOnlyList<UnfusedSite> Sites)
{
    /// <summary>The first place in graph order, which stands for all.</summary>
    public UnfusedSite First => Sites[0];

    /// <summary>The groups, those that came nearest to their formula first; a place the formula fits entirely comes before all.</summary>
    public static IReadOnlyList<UnfusedGroup> Of(IEnumerable<UnfusedSite> sites) =>
        [.. sites.GroupBy(s => (s.Rule, WithoutNames(s.Reason), WithoutNames(s.Miss?.Element ?? "")))
            .Select(g => new UnfusedGroup(g.Key.Rule, [.. g]))
            .OrderByDescending(g => g.First.Miss?.Fitting ?? int.MaxValue)];

    /// <summary>A sentence without the names in it: equal for places that differ in names only.</summary>
    public static string WithoutNames(string reason) => Names().Replace(reason, "''");

    [GeneratedRegex("'[^']*'")]
    private static partial Regex Names();
}
