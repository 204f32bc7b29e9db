using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;
using FlashRt.GraphRewriter.Rules.Heads;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>softmax(cap(scale · q kᵀ) + mask) v  →  Attention(q, k, v, mask)</c>, whatever moves heads around it: transposes, reshapes, repeated
/// keys and values, packed projections. Masks that are constants and say "causal" or "the last w keys" become attributes.
/// <para>
/// The softmax is found by its operator; what is before and after it has too many spellings for one formula, so
/// <see cref="AttentionReader"/> walks it and says where it stops being attention.
/// </para>
/// </summary>
public sealed class AttentionRule : IRule
{
    private static readonly Var Scores = new("scores");

    /// <inheritdoc/>
    public string Name => "Attention";

    /// <inheritdoc/>
    public Pattern Source { get; } = new Op("Softmax", [Scores.Where(ComeFromProduct, "scores, the product of queries and keys")]).Core();

    /// <inheritdoc/>
    public string? Reject(Match match) => AttentionReader.Read(match.Root, new FusionBuilder(match.Graph)).Reason;

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder) => AttentionReader.Read(match.Root, builder).Site!.Fusion();

    // A softmax over logits that no product of two computed tensors made is a classifier or a router.
    private static bool ComeFromProduct(Value scores)
    {
        var seen = new HashSet<Value>();
        var pending = new Queue<Value>([scores]);
        while (pending.TryDequeue(out var value))
        {
            if (!seen.Add(value) || seen.Count > 48 || value.Producer is not { } node) continue;
            if (node.OpType is "MatMul" or "FusedMatMul" or "Einsum")
            {
                if (node.Inputs.Count == 2 && node.Inputs.All(i => i is { Initializer: null })) return true;
                continue;
            }
            foreach (var input in node.Inputs)
                if (input is not null && input.Type.IsFloat()) pending.Enqueue(input);
        }
        return false;
    }
}
