namespace FlashRt.GraphRewriter.Ir;

/// <summary>A node of the graph with its inputs and outputs resolved to values.</summary>
public sealed class Node
{
    internal Node(NodeProto proto, IReadOnlyList<Value?> inputs, IReadOnlyList<Value?> outputs, IReadOnlyList<Value> captures) =>
        (Proto, Inputs, Outputs, Captures) = (proto, inputs, outputs, captures);

    /// <summary>The node as stored.</summary>
    public NodeProto Proto { get; }

    /// <summary>Inputs in order; null where one is left out.</summary>
    public IReadOnlyList<Value?> Inputs { get; }

    /// <summary>Outputs in order; null where one is left out.</summary>
    public IReadOnlyList<Value?> Outputs { get; }

    /// <summary>Values of this graph that subgraphs of the node (If, Loop, Scan) read.</summary>
    public IReadOnlyList<Value> Captures { get; }

    /// <summary>Operator name.</summary>
    public string OpType => Proto.OpType;

    /// <summary>Operator domain; "ai.onnx" reads as the empty string it means.</summary>
    public string Domain => Proto.Domain == "ai.onnx" ? "" : Proto.Domain;

    /// <summary>The node's name, or its first output's where it has none.</summary>
    public string Name => Proto.Name.Length > 0 ? Proto.Name : Outputs.FirstOrDefault(o => o is not null)?.Name ?? OpType;

    /// <summary>Position in the graph's order.</summary>
    public int Index { get; internal set; }

    /// <summary>True once a rewrite has taken the node out of its graph.</summary>
    public bool Removed { get; internal set; }

    /// <summary>The input, or null where it is left out.</summary>
    public Value? Input(int index) => index < Inputs.Count ? Inputs[index] : null;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({OpType})";
}
