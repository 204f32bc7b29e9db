using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using FlashRt.GraphRewriter.Rules.Heads;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>(a, b) → (a · cos − b · sin, b · cos + a · sin)</c> for the pairs of a head <c>→  RotaryEmbedding(x, cos, sin, style)</c>: pairs of
/// halves or of neighbours, of the whole head or of its first part, however halves are cut, negated, stacked and joined. The transposes
/// around it become the op's layouts. Where the graph has every angle twice, both entries must be provably the same.
/// </summary>
public sealed class RotaryEmbeddingRule : IRule
{
    private static readonly Var Any = new("part");

    /// <inheritdoc/>
    public string Name => "RotaryEmbedding";

    /// <inheritdoc/>
    public Pattern Source { get; } = Root("Cast") | Root("Reshape") | Root("Concat") | Root("Add");

    /// <inheritdoc/>
    public string? Reject(Match match) => RotarySite.Read(match.Root, new FusionBuilder(match.Graph)).Reason;

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => RotarySite.Read(match.Root, builder).Site!.Fusion();

    private static Op Root(string type) => new Op(type, [Any]) { MoreInputs = true, MayMiss = true, Domain = "" }.Where(LooksLikeIt, "a rotation of the elements of a head");

    private static bool LooksLikeIt(Node node) => node.Outputs[0] is { } y && y.Type.IsFloat() && Rotation.Read(y) is not (null, null);
}
