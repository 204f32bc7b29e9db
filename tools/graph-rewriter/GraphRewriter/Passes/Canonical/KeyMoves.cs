namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Keys that go from tokens first straight to channels before tokens, [S, B·H, D] by a Transpose and a Reshape to [B, H, D, S], stop at heads first
/// on the way: [S, B·H, D] → [B·H, S, D] → [B, H, S, D] → [B, H, D, S]. The attention op takes keys as [B, H, S, D], and with several
/// batches and heads no other value holds them so. torch.nn.MultiheadAttention is exported like this where its tokens are the first axis.
/// </summary>
public sealed class KeyMoves : IPass
{
    /// <inheritdoc/>
    public string Name => "Key moves";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var changed = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node is not { OpType: "Reshape", Domain: "" } || node.Outputs is not [{ Shape: { Rank: 4 } to } y] || node.Input(0) is not { IsOutput: false, Uses.Count: 1 } moved) continue;
            if (moved.Producer is not { OpType: "Transpose", Domain: "" } transpose || transpose.Ints("perm") is not [1, 2, 0]) continue;
            if (transpose.Input(0) is not { Shape: { } from } x || Sizes(from, to) is not { } heads) continue;
            var writer = new NodeWriter(edit, y);
            var tokens = writer.Op("Transpose", "tokens", [x.Name], [("perm", new long[] { 1, 0, 2 })]);
            var first = writer.Op("Reshape", "heads", tokens, writer.Ints("heads.shape", heads));
            writer.Op("Transpose", "", [first], [("perm", new long[] { 0, 1, 3, 2 })], y);
            edit.Replace(transpose);
            edit.Replace(node, writer.Nodes);
            changed++;
        }
        return edit.Apply(changed);
    }

    // [B, H, S, D], where [S, B·H, D] becomes [B, H, D, S] and neither B nor H is one.
    private static long[]? Sizes(Shape from, Shape to) =>
        from is [{ Value: { } s }, { Value: { } rows }, { Value: { } d }] && to is [{ Value: { } b and > 1 }, { Value: { } h and > 1 }, { Value: { } channels }, { Value: { } last }]
        && b * h == rows && channels == d && last == s ? [b, h, s, d] : null;
}
