using FlashRt.GraphRewriter.Rules.Heads;

namespace FlashRt.GraphRewriter.Rules.Merging;

/// <summary>
/// Queries or keys on their way from merged rows [.., S, N·D] through an RMS norm of each head, where there is one, and a rotary
/// embedding.
/// </summary>
/// <param name="Rope">The rotary embedding.</param>
/// <param name="Norm">The norm before it.</param>
/// <param name="Rows">The merged rows.</param>
/// <param name="Path">The nodes from rows to result, in order.</param>
/// <param name="Heads">N.</param>
/// <param name="Size">D.</param>
internal sealed record Rotated(Node Rope, Node? Norm, Value Rows, IReadOnlyList<Node> Path, long Heads, long Size)
{
    private static readonly HashSet<string> Moving = ["Reshape", "Transpose", "Squeeze", "Unsqueeze", "Identity"];

    public Value Result => Rope.Outputs[0]!;

    public Value? NormWeight => Norm?.Input(1);

    /// <summary>Reads back from the result of a rotary embedding; neither where another node made the value.</summary>
    public static (Rotated? Found, string? Reason) Read(Value? value)
    {
        if (value?.Producer is not { OpType: "RotaryEmbedding", Domain: FusedSites.Domain } rope || rope.Input(0) is not { } x) return default;
        if (Whole(rope, x) is { } whole) return (whole, null);
        if (View(rope, x) is not { } start) return (null, $"the heads of '{x.Name}' ({x.Shape}) are not known");
        var (roles, at) = (start.Roles, start.View);
        Node? norm = null;
        if (Furthest(at) is { Value.Producer: { OpType: "RmsNorm", Domain: FusedSites.Domain } found } normal)
        {
            if (!normal.Leaves(normal.Axes.Count - 1).SequenceEqual(roles.Channels.SelectMany(c => c.Leaves))) return (null, $"the norm '{found.Name}' spans more than a head");
            if (found.Input(1)?.Shape is not { Rank: 1 } || found.Attribute("epsilon") is null) return (null, $"the norm '{found.Name}' has no weight or no epsilon");
            (norm, at) = (found, normal with { Value = found.Inputs[0]! });
        }
        if (Operand.Sources(at).LastOrDefault(o => o.View.Value.Type == x.Type && roles.FormOf(o.View) == HeadForm.Merged) is not { } rows)
            return (null, $"'{Furthest(at).Value.Name}' is no heads of one tensor of rows");
        if (Factor.Product(roles.Heads) is not { } heads || Factor.Product(roles.Channels) is not { } size) return (null, $"the heads of '{x.Name}' ({x.Shape}) are not known");
        var path = Between(rows.View.Value, rope);
        if (path.FirstOrDefault(n => n != rope && n != norm && !(Moving.Contains(n.OpType) && n.Domain.Length == 0)) is not null || rows.View.Value.Shape?[-1].Value != heads * size)
            return (null, $"heads of '{rows.View.Value.Name}' are repeated, cast or chosen before the rotation '{rope.Name}'");
        return (new Rotated(rope, norm, rows.View.Value, path, heads, size), null);
    }

    /// <summary>Why the values on the way cannot go; null when nothing else reads them.</summary>
    public string? OutsideReader() => Packing.OutsideReader(Path.SkipLast(1).Select(n => n.Outputs[0]!).Prepend(Rows), Path);

    // Merged rows go into the rotary embedding as they are.
    private static Rotated? Whole(Node rope, Value x)
    {
        if (x.Shape is not { Rank: 2 or 3 } shape || shape[-1].Value is not { } width) return null;
        var heads = rope.Int("num_heads", 1);
        return heads > 0 && width % heads == 0 ? new Rotated(rope, null, x, [rope], heads, width / heads) : null;
    }

    private static (Roles Roles, TensorView View)? View(Node rope, Value x)
    {
        if (TensorView.Fresh(x) is not { Axes: [var batch, var second, var third, var channels] } view) return null;
        return (rope.Text("layout", "BSNH") == "BNSH" ? new Roles(batch, second, third, channels) : new Roles(batch, third, second, channels), view);
    }

    private static TensorView Furthest(TensorView view) => Operand.Sources(view)[^1].View;

    private static List<Node> Between(Value rows, Node rope)
    {
        List<Node> path = [rope];
        for (var at = rope.Inputs[0]!; at != rows; at = path[0].Inputs[0]!) path.Insert(0, at.Producer!);
        return path;
    }
}
