namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// A fused node as a rule wants it: its operator, inputs in catalog order (null: left out), the existing values it computes, its
/// attributes. Its body is the subgraph between inputs and outputs, unless <see cref="Body"/> states an equivalent one.
/// </summary>
public sealed record Fusion(string Op, IReadOnlyList<Value?> Inputs, IReadOnlyList<Value> Outputs)
{
    /// <summary>Attributes in the order they are written.</summary>
    public IReadOnlyList<(string Name, object Value)> Attributes { get; init; } = [];

    /// <summary>Values of the subgraph that the body computes by other nodes, whose last output is the value: large constants with a formula.</summary>
    public IReadOnlyDictionary<Value, FunctionBody> Instead { get; init; } = new Dictionary<Value, FunctionBody>();

    /// <summary>An equivalent body in standard ONNX, where the original subgraph cannot be one.</summary>
    public FunctionBody? Body { get; init; }
}
