using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// A fusion: a formula and two small methods. Rules keep no state. Whether inner values have other readers or are graph outputs is
/// the engine's business; a rule judges only what its formula cannot say.
/// </summary>
public interface IRule
{
    /// <summary>What reports call the rule.</summary>
    string Name { get; }

    /// <summary>The formula.</summary>
    Pattern Source { get; }

    /// <summary>Null when the match can be replaced, otherwise the reason in one sentence.</summary>
    string? Reject(Match match);

    /// <summary>The fused node that takes the place of the match.</summary>
    Fusion Replace(Match match, FusionBuilder builder);
}
