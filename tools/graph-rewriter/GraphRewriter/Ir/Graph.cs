using FlashRt.GraphRewriter.Ir.Evaluation;
using FlashRt.GraphRewriter.Ir.Inference;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>
/// The main graph of a model with its def-use chains. The protobuf stays the storage: initializers remain the TensorProtos they
/// were, and every change made here is written through to it.
/// </summary>
public sealed partial class Graph
{
    // Constants are evaluated in graph order, so only what reads large weights is ever found nested.
    private const int DeepestConstant = 200;

    private readonly Dictionary<string, Value> values = new(StringComparer.Ordinal);
    private int constantDepth;
    private List<Node> nodes = [];

    internal Graph(OnnxModel model)
    {
        (Model, Proto) = (model, model.Proto.Graph ??= new GraphProto());
        foreach (var tensor in Proto.Initializer) SetInitializer(tensor);
        foreach (var input in Proto.Input) Get(input.Name).IsInput = true;
        foreach (var node in Proto.Node) nodes.Add(Link(node));
        foreach (var output in Proto.Output) Get(output.Name).IsOutput = true;
        Sort();
        TypeInference.Run(this);
    }

    /// <summary>The model it is the main graph of.</summary>
    public OnnxModel Model { get; }

    /// <summary>The graph as stored.</summary>
    public GraphProto Proto { get; }

    /// <summary>Nodes in an order in which every input is computed before it is read.</summary>
    public IReadOnlyList<Node> Nodes => nodes;

    /// <summary>Every value of the graph.</summary>
    public IEnumerable<Value> Values => values.Values;

    /// <summary>Version of the standard operators that the model imports.</summary>
    public long Opset => Model.Opset("");

    /// <summary>The value of that name, or null.</summary>
    public Value? Find(string name) => values.GetValueOrDefault(name);

    /// <summary>True when nodes could not be put in order because they depend on each other.</summary>
    internal Node? Cycle { get; private set; }

    internal ConstantTensor? ConstantOf(Value value)
    {
        if (value.ConstantKnown) return value.ConstantCache;
        if (constantDepth > DeepestConstant) return null;
        value.ConstantKnown = true;  // before evaluating, so that a cycle ends here
        constantDepth++;
        try
        {
            value.ConstantCache = ConstantEvaluator.Evaluate(value);
        }
        finally
        {
            constantDepth--;
        }
        value.IsStored = value.ConstantCache is not null && (value.Producer is not { } node
            || (node.OpType != "Shape" && node.Inputs.All(i => i is null || i.IsStored)));
        return value.ConstantCache;
    }

    internal ConstantTensor? Read(TensorProto tensor) => ConstantTensor.Of(tensor, Model.External);

    private Value Get(string name)
    {
        if (!values.TryGetValue(name, out var value)) values.Add(name, value = new Value(name, this));
        return value;
    }

    private Value SetInitializer(TensorProto tensor)
    {
        var value = Get(tensor.Name);
        value.Initializer = tensor;
        value.Type = (DataType)tensor.DataType;
        value.Shape = Shape.Of(tensor.Dims);
        return value;
    }

    private Node Link(NodeProto proto)
    {
        Value?[] inputs = [.. proto.Input.Select(n => n.Length == 0 ? null : Get(n))];
        Value?[] outputs = [.. proto.Output.Select(n => n.Length == 0 ? null : Get(n))];
        Value[] captures = [.. Captured.By(proto).Select(Get)];
        var node = new Node(proto, inputs, outputs, captures);
        for (var i = 0; i < inputs.Length; i++) inputs[i]?.AddUse(new Use(node, i));
        foreach (var capture in captures) capture.AddUse(new Use(node, -1));
        foreach (var output in outputs)
            if (output is not null) output.Producer = node;
        return node;
    }

    private void Unlink(Node node)
    {
        node.Removed = true;
        foreach (var input in node.Inputs.Concat(node.Captures)) input?.RemoveUses(node);
        foreach (var output in node.Outputs)
            if (output?.Producer == node) output.Producer = null;
    }

    private void Sort()
    {
        (nodes, Cycle) = TopologicalOrder.Of(nodes);
        Store();
    }

    private void Store()
    {
        for (var i = 0; i < nodes.Count; i++) nodes[i].Index = i;
        if (nodes.Count == Proto.Node.Count && nodes.Zip(Proto.Node).All(p => ReferenceEquals(p.First.Proto, p.Second))) return;
        Proto.Node.Clear();
        Proto.Node.AddRange(nodes.Select(n => n.Proto));
    }
}
