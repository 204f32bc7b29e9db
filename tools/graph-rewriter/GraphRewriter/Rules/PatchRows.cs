namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// Rows of patches, as <c>Reshape(Transpose(Reshape(images)))</c> writes them: images [.., C, H, W] or [.., H, W, C], patches of
/// <paramref name="Height"/> by <paramref name="Width"/> pixels, rows [V·P, K], or [V, P, K] by image, whose elements go channel by channel
/// (<paramref name="PlanesInOrder"/>) or pixel by pixel.
/// </summary>
internal sealed record PatchRows(Value Images, bool ChannelsFirst, bool PlanesInOrder, long Height, long Width, bool ByImage)
{
    // The order of the axes of the cut images, [V, C, h, p, w, p] or [V, h, p, w, p, C], in the rows.
    private static readonly (long[] Order, bool ChannelsFirst, bool PlanesInOrder)[] Orders =
    [
        ([0, 2, 4, 1, 3, 5], true, true), ([0, 2, 4, 3, 5, 1], true, false), ([0, 1, 3, 5, 2, 4], false, true), ([0, 1, 3, 2, 4, 5], false, false),
    ];

    /// <summary>Reads the rows that a Reshape gives; null where they are none.</summary>
    public static PatchRows? Read(Node rows)
    {
        if (rows.Outputs is not [{ Shape: { } to }] || rows.Input(0)?.Producer is not { OpType: "Transpose" } move || move.Ints("perm") is not { } perm) return null;
        if (move.Input(0) is not { Shape: { Rank: 6 } cut, Producer: { OpType: "Reshape" } first } || first.Input(0) is not { Shape: { Rank: >= 3 } from } images) return null;
        if (Orders.FirstOrDefault(o => o.Order.SequenceEqual(perm)) is not { Order: not null } found) return null;

        var at = found.ChannelsFirst ? 2 : 1;
        if (cut[found.ChannelsFirst ? 1 : 5].Value is not (> 0 and var channels) || cut[at].Value is not (> 0 and var down) || cut[at + 1].Value is not (> 0 and var height)
            || cut[at + 2].Value is not (> 0 and var across) || cut[at + 3].Value is not (> 0 and var width)) return null;
        // With three equal axes at the end, what is in front of them is as many images.
        long[] own = found.ChannelsFirst ? [channels, down * height, across * width] : [down * height, across * width, channels];
        if (!own.Select((size, i) => from[i - 3].Value == size).All(same => same) || to[-1].Value != channels * height * width) return null;
        if (to.Rank != 2 && (to.Rank != 3 || to[1].Value != down * across)) return null;

        var (source, channelsFirst) = found.ChannelsFirst && images.Producer is { OpType: "Transpose", Domain: "" } t && t.Ints("perm") is [0, 3, 1, 2]
            ? (t.Inputs[0]!, false) : (images, found.ChannelsFirst);
        return new PatchRows(source, channelsFirst, found.PlanesInOrder, height, width, to.Rank == 3);
    }
}
