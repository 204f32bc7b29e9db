namespace FlashRt.Validation.Ops;

/// <summary>Norms in standard ops: reductions, square root, division.</summary>
internal static class NormBody
{
    public static void Write(Body b)
    {
        var op = b.Call.Signature.Op.Name;
        var layer = op.Contains("LayerNorm", StringComparison.Ordinal);
        var x = b.Call.Signature.Inputs.Contains("X") ? "X" : "x";
        var sum = x;
        if (b.Has("residual"))
        {
            var branch = b.Has("gate") && b.Has("bias") ? b.Add("x", "bias") : "x";
            sum = b.Add("residual", b.Has("gate") ? b.Multiply(branch, b.Spread("gate", "gate", "x")) : branch);
            if (b.Has("bias") && !b.Has("gate"))
                sum = b.Add(sum, "bias");
            b.Output("residual_out", sum);
        }
        var stored = b.Has("residual") && !(op.StartsWith("AddRms", StringComparison.Ordinal) && b.Call.Text("stash") == "unrounded") ? b.Rounded(sum) : sum;

        var centred = layer ? b.Op("Sub", stored, b.Mean(stored)) : stored;
        var spread = layer ? centred : sum;
        var y = b.Op("Div", centred, b.Op("Sqrt", b.Add(b.Mean(b.Multiply(spread, spread)), b.Number(b.Call.Float("epsilon")))));
        foreach (var weight in new[] { "weight", "gamma" }.Where(b.Has))
            y = b.Multiply(y, weight);
        if (b.Has("beta"))
            y = b.Add(y, "beta");
        y = Modulated(b, x, y);

        if (!op.EndsWith("Quantize", StringComparison.Ordinal))
            b.Output("Y", y);
        else
            b.Output("Y", b.Quantized(y, op.StartsWith("AdaLayer", StringComparison.Ordinal) ? "quant_scale" : "scale"));
        if (b.Call.Signature.Outputs.Contains("Yn"))
            b.Output("Yn", y);
    }

    private static string Modulated(Body b, string x, string y)
    {
        string scale;
        string? shift;
        if (b.Has("style"))
        {
            var thirds = b.Graph.Node("Split", ["style"], [("axis", -1L), ("num_outputs", 3L)], ["style_scale", "style_shift", "style_gate"]);
            (scale, shift) = (b.Spread("style", thirds[0], x), b.Spread("style", thirds[1], x));
            foreach (var gate in b.Call.Signature.Outputs.Where(o => o is "gate" or "gate_out"))
                b.Output(gate, b.Op("Expand", b.Spread("style", thirds[2], x), b.Op("Shape", x)));
        }
        else if (b.Call.Signature.Op.Inputs.Any(i => i is { Name: "scale", Type: "T" }) && b.Has("scale"))
        {
            (scale, shift) = (b.Spread("scale", "scale", x), b.Has("shift") ? b.Spread("shift", "shift", x) : null);
        }
        else
        {
            return y;
        }
        y = b.Multiply(y, b.Add(scale, b.Number(1)));
        return shift is null ? y : b.Add(y, shift);
    }
}
