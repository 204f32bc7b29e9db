namespace FlashRt.Validation.Ops;

/// <summary>The embedding of timesteps in standard ops.</summary>
internal static class TimestepBody
{
    public static void Write(Body b)
    {
        var column = b.Rank("timesteps") == 1 ? b.Op("Unsqueeze", "timesteps", b.Integers(1)) : "timesteps";
        var angle = b.Multiply(b.Multiply(column, "frequencies"), b.Number(b.Call.Float("scale")));
        string sine = b.Op("Sin", angle), cosine = b.Op("Cos", angle);
        b.Output("Y", b.Op("Concat", b.Call.Text("order") == "cos_sin" ? [cosine, sine] : [sine, cosine], ("axis", -1L)));
    }
}
