using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Rules.Merging;

/// <summary><c>Attention(x · Q, x · K, x · V)  →  Attention(x · [Q | K | V])</c> for heads that nothing else touches (SigLIP, ViT, BERT, DiT).</summary>
internal sealed class PackedAttention : IMergeable
{
    /// <inheritdoc/>
    public (Action<MergeEdit>? Change, string? Reason) Read(Node node)
    {
        if (node is not { OpType: "Attention", Domain: FusedSites.Domain } || Projection.Of(node.Input(0)) is not { } q
            || Projection.Of(node.Input(1)) is not { } k || Projection.Of(node.Input(2)) is not { } v) return default;
        if (k.Rows == v.Rows && k.Rows != q.Rows) return default;  // cross attention has nothing to merge
        var (merge, reason) = Merge.Of(q, k, v);
        reason ??= WidthProblem(node, q, k, v) ?? Packing.OutsideReader(merge!.Outputs, [node]) ?? Packing.BodyProblem(node);
        if (reason is not null) return (null, reason);
        return (edit =>
        {
            var packed = merge!.Apply(edit);
            string[] inputs = [packed, "", "", .. node.Inputs.Skip(3).Select(i => i?.Name ?? "")];
            edit.Replace(node, inputs[..(Array.FindLastIndex(inputs, i => i.Length > 0) + 1)], node.Proto.Attribute.Where(a => a.Name != "layout"),
                [.. Packing.Unpack(node.Outputs[0]!, packed, merge.Outputs, merge.Columns), .. SiteBody.Expand(node, edit.Model.Proto)]);
        }, null);
    }

    private static string? WidthProblem(Node node, Projection q, Projection k, Projection v)
    {
        if (q.Output.Shape is not { Rank: 2 or 3 }) return $"'{q.Output.Name}' ({q.Output.Shape}) is not rows of heads";
        long heads = node.Int("num_heads", 0), own = node.Int("num_kv_heads", 0);
        if (heads <= 0 || own <= 0 || q.Columns % heads != 0) return $"the number of heads of '{node.Name}' is not known";
        var size = q.Columns / heads;
        return k.Columns == own * size && v.Columns == own * size ? null : $"packed heads have one size; keys have {k.Columns / own}, values {v.Columns / own} and queries {size}";
    }
}
