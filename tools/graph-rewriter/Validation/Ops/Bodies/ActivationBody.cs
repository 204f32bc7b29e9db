namespace FlashRt.Validation.Ops;

/// <summary>Activations, gated activations, bias and residual adds in standard ops.</summary>
internal static class ActivationBody
{
    public static void Biased(Body b, string activation) =>
        b.Output("Y", b.Activate(activation, b.Has("bias") ? b.Add("X", "bias") : "X"));

    public static void Gelu(Body b) => Biased(b, b.Call.Text("approximate") switch { "none" => "gelu_erf", "tanh" => "gelu_tanh", _ => "gelu_quick" });

    public static void Gated(Body b)
    {
        string gate = "gate", up = "up";
        if (!b.Has("up"))
        {
            var halves = b.Graph.Node("Split", ["gate"], [("axis", -1L), ("num_outputs", 2L)], ["gate_half", "up_half"]);
            (gate, up) = b.Call.Text("order") == "up_gate" ? (halves[1], halves[0]) : (halves[0], halves[1]);
        }
        var y = b.Multiply(b.Activate(b.Call.Text("activation"), gate), up);
        b.Output("Y", b.Call.Signature.Op.Name.EndsWith("Quantize", StringComparison.Ordinal) ? b.Quantized(y, "scale") : y);
    }

    public static void ResidualAdd(Body b)
    {
        var branch = b.Has("bias") && b.Has("gate") ? b.Add("x", "bias") : "x";
        if (b.Has("gate"))
            branch = b.Multiply(branch, b.Spread("gate", "gate", "x"));
        var sum = b.Add("residual", branch);
        b.Output("residual_out", b.Has("bias") && !b.Has("gate") ? b.Add(sum, "bias") : sum);
    }

    public static void Softmax(Body b) => b.Output("Y", b.Op("Softmax", ["X"], ("axis", -1L)));
}
