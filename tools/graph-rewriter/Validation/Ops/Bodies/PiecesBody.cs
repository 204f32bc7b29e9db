namespace FlashRt.Validation.Ops;

/// <summary>Concat, Split and ScatterND as the standard ops of the same names.</summary>
internal static class PiecesBody
{
    public static void Concat(Body b) => b.Output("Y", b.Op("Concat", [.. b.Call.Signature.Inputs], ("axis", b.Call.Int("axis"))));

    public static void Split(Body b)
    {
        var sizes = (long[])b.Call.Signature.Attribute("sizes");
        string[] names = [.. sizes.Select((_, i) => $"part_{i}")];
        b.Graph.Node("Split", ["X", b.Integers(sizes)], [("axis", b.Call.Int("axis"))], names);
        for (var i = 0; i < sizes.Length; i++)
            if (b.Call.Signature.Outputs.Contains($"Y{i}"))
                b.Output($"Y{i}", names[i]);
    }

    public static void ScatterND(Body b) => b.Output("Y", b.Op("ScatterND", "data", "indices", "updates"));
}
