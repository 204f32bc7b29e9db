using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>A rule from elsewhere, whose mistakes are told with its name and the place instead of as an error of this program.</summary>
internal sealed class GuardedRule(IRule rule, string file) : IRule
{
    public string Name => rule.Name;

    public Pattern Source => rule.Source;

    public string? Reject(Match match) => Guard(match, () => rule.Reject(match));

    public Fusion Replace(Match match, FusionBuilder builder) => Guard(match, () =>
    {
        var fusion = rule.Replace(match, builder);
        Contract.Check(fusion);
        return fusion;
    });

    private T Guard<T>(Match match, Func<T> step)
    {
        try
        {
            return step();
        }
        catch (Exception e) when (e is not (OnnxModelException or OutOfMemoryException))
        {
            throw new OnnxModelException(null, $"the rule '{Name}' of {file} failed at node {match.Core}: {e.GetType().Name}: {e.Message}", e);
        }
    }
}
