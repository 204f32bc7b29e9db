namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>Nodes that stand for another one, in order, their names made of that of its result.</summary>
internal sealed class NodeWriter(GraphEdit edit, Value result)
{
    private readonly List<NodeProto> nodes = [];

    /// <summary>The nodes so far.</summary>
    public NodeProto[] Nodes => [.. nodes];

    /// <summary>Adds a node of standard ONNX with one output, and gives the output's name.</summary>
    public string Op(string op, string role, params string[] inputs) => Op(op, role, inputs, []);

    /// <summary>The same with attributes, and under the name of an existing value where one is given.</summary>
    public string Op(string op, string role, string[] inputs, (string Name, object Value)[] attributes, Value? output = null)
    {
        var name = output?.Name ?? edit.FreeName($"{result.Name}.{role}");
        var node = GraphEdit.Node(op, name, name, inputs);
        node.Attribute.AddRange(attributes.Select(a => Attributes.Make(a.Name, a.Value)));
        nodes.Add(node);
        return name;
    }

    /// <summary>Adds a node as it is.</summary>
    public void Add(NodeProto node) => nodes.Add(node);

    /// <summary>A stored vector of integers.</summary>
    public string Ints(string role, params long[] values) => edit.Integers($"{result.Name}.{role}", values);

    /// <summary>A stored number.</summary>
    public string Number(string role, DataType type, double value) => Stored(role, ConstantTensor.From(type, [], [value]));

    /// <summary>A stored tensor.</summary>
    public string Stored(string role, ConstantTensor tensor)
    {
        var name = edit.FreeName($"{result.Name}.{role}");
        edit.Store(name, tensor.ToProto(name));
        return name;
    }

    /// <summary>Columns of the last axis of a three-axis value.</summary>
    public string Columns(string role, string x, long from, long to) => Op("Slice", role, x, Ints($"{role}.from", from), Ints($"{role}.to", to), Ints($"{role}.axis", 2));

    /// <summary>[B, S, N·D] as [B, N, S, D].</summary>
    public string ByHead(string role, string x, long heads, long size, Value? output = null) =>
        Op("Transpose", role, [Op("Reshape", $"{role}.heads", x, Ints($"{role}.shape", 0, 0, heads, size))], [("perm", new long[] { 0, 2, 1, 3 })], output);
}
