using Google.Protobuf;

namespace FlashRt.Validation;

/// <summary>
/// A model with every float16 and bfloat16 in it made float32: weights, constants, casts, declared types, functions and subgraphs.
/// It is what such a model approximates, and it runs where kernels for the narrow type are missing. Quantised types stay as they are.
/// </summary>
public static class Float32Model
{
    // Integer attributes that hold an element type, on any operator of ONNX and of com.microsoft.
    private static readonly HashSet<string> TypeAttributes = ["to", "dtype", "output_dtype", "softmax_precision"];

    /// <summary>The widened copy. Its weights are inside the protobuf, which holds at most 2 GiB.</summary>
    public static OnnxModel Of(OnnxModel model)
    {
        CheckSize(model);
        var proto = model.Proto.Clone();
        foreach (var tensor in proto.Graph.Initializer.Where(t => IsNarrow(t.DataType))) Widen(tensor, model.Graph.Find(tensor.Name)?.Constant);
        WidenGraph(proto.Graph);
        foreach (var function in proto.Functions)
        {
            WidenTypes(function.ValueInfo);
            WidenNodes(function.Node);
        }
        return new OnnxModel(proto, model.Path);
    }

    private static void CheckSize(OnnxModel model)
    {
        var bytes = model.Proto.Graph.Initializer.Where(t => IsNarrow(t.DataType)).Sum(t => t.Dims.Aggregate(4L, (n, d) => n * d));
        if (bytes > int.MaxValue)
            throw new ValidationException($"The model's weights take {bytes >> 20} MiB as float32; at most 2048 MiB can be widened in memory.");
    }

    private static void WidenGraph(GraphProto graph)
    {
        foreach (var tensor in graph.Initializer.Where(t => IsNarrow(t.DataType))) Widen(tensor, Constant(tensor));
        WidenTypes(graph.Input);
        WidenTypes(graph.Output);
        WidenTypes(graph.ValueInfo);
        WidenNodes(graph.Node);
    }

    private static void WidenNodes(IEnumerable<NodeProto> nodes)
    {
        foreach (var attribute in nodes.SelectMany(n => n.Attribute))
        {
            if (attribute.T is { } tensor && IsNarrow(tensor.DataType)) Widen(tensor, Constant(tensor));
            if (attribute.G is not null) WidenGraph(attribute.G);
            foreach (var graph in attribute.Graphs) WidenGraph(graph);
            if (!TypeAttributes.Contains(attribute.Name)) continue;
            if (attribute.HasI && IsNarrow(attribute.I)) attribute.I = (long)DataType.Float;
            if (attribute.HasS && (attribute.S.ToStringUtf8() is "float16" or "bfloat16")) attribute.S = ByteString.CopyFromUtf8("float32");
        }
    }

    private static void WidenTypes(IEnumerable<ValueInfoProto> values)
    {
        foreach (var value in values) Widen(value.Type);
    }

    private static void Widen(TypeProto? type)
    {
        if (type?.TensorType is { } tensor && IsNarrow(tensor.ElemType)) tensor.ElemType = (int)DataType.Float;
        if (type?.SequenceType is { } sequence) Widen(sequence.ElemType);
        if (type?.OptionalType is { } optional) Widen(optional.ElemType);
    }

    private static void Widen(TensorProto tensor, ConstantTensor? value)
    {
        if (value is null) throw new ValidationException($"Tensor '{tensor.Name}' is too large to be widened to float32 in memory.");
        var widened = ConstantTensor.From(DataType.Float, value.Dims, value.ReadAsDouble()).ToProto(tensor.Name);
        tensor.ClearRawData();
        tensor.Int32Data.Clear();
        tensor.ExternalData.Clear();
        tensor.ClearDataLocation();
        tensor.DataType = widened.DataType;
        tensor.RawData = widened.RawData;
    }

    // A tensor that stands in the protobuf itself, read through a graph of nothing else.
    private static ConstantTensor? Constant(TensorProto tensor)
    {
        var named = tensor.Clone();
        named.Name = "tensor";
        return new OnnxModel(new ModelProto { Graph = new GraphProto { Initializer = { named } } }).Graph.Find("tensor")!.Constant;
    }

    private static bool IsNarrow(long type) => (DataType)type is DataType.Float16 or DataType.Bfloat16;
}
