namespace FlashRt.Validation.Ops;

/// <summary>Where ops with the attribute output_layout put the heads of their result.</summary>
internal static class HeadOrder
{
    /// <summary>The shape of the result for a first input of shape <paramref name="like"/>, and whether its heads come before its tokens.</summary>
    public static (long[] Shape, bool HeadMajor) Output(OpCall call, long[] like, long batch, long tokens, long heads, long size)
    {
        var layout = call.Text("output_layout");
        if (layout == "same")
            layout = like.Length == 4 ? call.Text("layout") : "merged";
        return layout switch
        {
            "BNSH" => ([batch, heads, tokens, size], true),
            "BSNH" => ([batch, tokens, heads, size], false),
            "rows" => ([batch * tokens, heads * size], false),
            _ => (like.Length == 2 ? [tokens, heads * size] : [batch, tokens, heads * size], false),
        };
    }
}
