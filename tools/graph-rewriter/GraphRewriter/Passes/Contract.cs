using FlashRt.Onnx.Catalog;

namespace FlashRt.GraphRewriter.Passes;

/// <summary>Holds rules to the op catalog: a wrong node would only be noticed when a session is created on another machine.</summary>
internal static class Contract
{
    public static void Check(Fusion fusion)
    {
        var op = OpCatalog.Get(fusion.Op);
        if (fusion.Inputs.Count > op.Inputs.Count || fusion.Outputs.Count > op.Outputs.Count)
            throw new ArgumentException($"{op.Name} takes {op.Inputs.Count} inputs and gives {op.Outputs.Count} outputs; the rule wants {fusion.Inputs.Count} and {fusion.Outputs.Count}.");
        for (var i = 0; i < op.Inputs.Count; i++)
            if (!op.Inputs[i].Optional && fusion.Inputs.ElementAtOrDefault(i) is null)
                throw new ArgumentException($"{op.Name} needs the input '{op.Inputs[i].Name}'.");
        foreach (var (name, value) in fusion.Attributes)
        {
            var attribute = op.FindAttribute(name) ?? throw new ArgumentException($"{op.Name} has no attribute '{name}'.");
            if (value is string text && attribute.Values is { Count: > 0 } values && !values.Contains(text))
                throw new ArgumentException($"{op.Name} takes {string.Join(", ", values)} as {name}, not '{text}'.");
        }
    }
}
