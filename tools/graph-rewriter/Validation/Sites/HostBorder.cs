namespace FlashRt.Validation;

/// <summary>
/// C# has no tensors of fp8 and of 4-bit types. Where a model takes or gives such a tensor, this puts a Cast inside the model and
/// float32 at its border, under the same name; every fp8 and 4-bit value is a float32 value, so nothing is lost.
/// </summary>
internal static class HostBorder
{
    private const string Inner = ".narrow";

    public static bool IsForeign(DataType type) => type is DataType.Float8E4M3Fn or DataType.Float8E4M3Fnuz or DataType.Float8E5M2
        or DataType.Float8E5M2Fnuz or DataType.Float8E8M0 or DataType.Float4E2M1 or DataType.Int4 or DataType.Uint4;

    /// <summary>A copy of the model with such a border, or the model itself where none is needed.</summary>
    public static OnnxModel Of(OnnxModel model)
    {
        if (!model.Proto.Graph.Input.Concat(model.Proto.Graph.Output).Any(IsForeign)) return model;
        var graph = model.Proto.Clone();
        foreach (var value in graph.Graph.Input.Where(IsForeign).ToList())
        {
            Rename(graph.Graph, value.Name);
            graph.Graph.Node.Insert(0, Cast(value.Name, value.Name + Inner, value.Type.TensorType.ElemType));
            value.Type.TensorType.ElemType = (int)DataType.Float;
        }
        foreach (var value in graph.Graph.Output.Where(IsForeign).ToList())
        {
            Rename(graph.Graph, value.Name);
            graph.Graph.Node.Add(Cast(value.Name + Inner, value.Name, (int)DataType.Float));
            value.Type.TensorType.ElemType = (int)DataType.Float;
        }
        return new OnnxModel(graph, model.Path);
    }

    private static bool IsForeign(ValueInfoProto value) => IsForeign((DataType)(value.Type?.TensorType?.ElemType ?? 0));

    private static void Rename(GraphProto graph, string name)
    {
        foreach (var node in graph.Node)
            foreach (var names in new[] { node.Input, node.Output })
                for (var i = 0; i < names.Count; i++)
                    if (names[i] == name) names[i] = name + Inner;
    }

    private static NodeProto Cast(string from, string to, int type) => new()
    {
        OpType = "Cast", Name = "border:" + to, Input = { from }, Output = { to },
        Attribute = { new AttributeProto { Name = "to", Type = AttributeProto.Types.AttributeType.Int, I = type } },
    };
}
