namespace FlashRt.GraphRewriter.Ir.Evaluation;

/// <summary>The tensor in a Constant node, whichever of its attributes holds it.</summary>
internal static class ConstantNode
{
    public static ConstantTensor? Read(Node node, Graph graph)
    {
        if (node.Attribute("value")?.T is { } tensor) return graph.Read(tensor);
        if (node.Attribute("value_float") is { } f) return ConstantTensor.From(DataType.Float, [], [(double)f.F]);
        if (node.Attribute("value_int") is { } i) return ConstantTensor.From(DataType.Int64, [], [i.I]);
        if (node.Attribute("value_floats") is { } fs)
            return ConstantTensor.From(DataType.Float, [fs.Floats.Count], fs.Floats.Select(v => (double)v).ToArray());
        if (node.Attribute("value_ints") is { } list) return ConstantTensor.From(DataType.Int64, [list.Ints.Count], list.Ints.ToArray());
        return null;
    }
}
