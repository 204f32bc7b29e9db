namespace FlashRt.GraphRewriter.Ir;

/// <summary>Finds the tensors whose data lies outside the model, in branches, loops and functions too.</summary>
internal static class ExternalTensors
{
    public static IEnumerable<TensorProto> Of(ModelProto model) =>
        In(model.Graph).Concat(model.Functions.SelectMany(f => f.Node).SelectMany(In)).Where(ExternalData.IsExternal);

    private static IEnumerable<TensorProto> In(GraphProto graph) => graph.Initializer
        .Concat(graph.SparseInitializer.SelectMany(Parts))
        .Concat(graph.Node.SelectMany(In));

    private static IEnumerable<TensorProto> In(NodeProto node) => node.Attribute.SelectMany(In);

    private static IEnumerable<TensorProto> In(AttributeProto attribute) => new[] { attribute.T }.OfType<TensorProto>()
        .Concat(attribute.Tensors)
        .Concat(attribute.SparseTensors.Prepend(attribute.SparseTensor).SelectMany(Parts))
        .Concat(attribute.Graphs.Concat(new[] { attribute.G }.OfType<GraphProto>()).SelectMany(In));

    private static IEnumerable<TensorProto> Parts(SparseTensorProto? tensor) => new[] { tensor?.Values, tensor?.Indices }.OfType<TensorProto>();
}
