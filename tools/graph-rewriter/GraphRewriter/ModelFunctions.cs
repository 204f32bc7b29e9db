using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter;

/// <summary>Single sites as models of their own, for whoever compares a fused op with what it replaced.</summary>
public static class ModelFunctions
{
    /// <summary>
    /// A model of the site's body alone, in standard ONNX: the fused node's inputs that the model computes are its inputs, those that
    /// are constants of the model are its initializers, the fused node's outputs are its outputs.
    /// </summary>
    public static OnnxModel BodyModel(OnnxModel model, FusedSite site)
    {
        var body = site.Body ?? throw new OnnxModelException(model.Path, $"node '{site.Name}' ({site.Op}) has no function");
        return Alone(model, site, [.. FunctionCall.Inline(site.Node, body)], [.. body.OpsetImport]);
    }

    /// <summary>A model of the fused node alone, without its function, so that only our library can run it.</summary>
    public static OnnxModel NodeModel(OnnxModel model, FusedSite site)
    {
        var node = site.Node.Clone();
        node.ClearOverload();
        return Alone(model, site, [node], [.. model.Proto.OpsetImport]);
    }

    /// <summary>A copy of the model that also gives the named values as outputs, for capturing what sites see.</summary>
    public static OnnxModel WithOutputs(OnnxModel model, IEnumerable<string> names)
    {
        var copy = model.Clone();
        var present = copy.Proto.Graph.Output.Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var name in names.Where(present.Add)) copy.Proto.Graph.Output.Add(Info(Value(model, name)));
        copy.Invalidate();
        return copy;
    }

    private static OnnxModel Alone(OnnxModel model, FusedSite site, NodeProto[] nodes, OperatorSetIdProto[] opsets)
    {
        var graph = new GraphProto { Name = site.Name };
        graph.Node.AddRange(nodes);
        foreach (var value in site.Node.Input.Where(i => i.Length > 0).Distinct().Select(i => Value(model, i)))
        {
            if (value.Initializer is { } tensor && !value.IsInput) graph.Initializer.Add(tensor);
            else graph.Input.Add(Info(value));
        }
        graph.Output.AddRange(site.Node.Output.Where(o => o.Length > 0).Select(o => Info(Value(model, o))));
        var alone = new ModelProto { IrVersion = model.Proto.IrVersion, Graph = graph };
        alone.OpsetImport.AddRange(opsets);
        return new OnnxModel(alone, model.Path);
    }

    private static Value Value(OnnxModel model, string name) =>
        model.Graph.Find(name) ?? throw new OnnxModelException(model.Path, $"has no value '{name}'");

    private static ValueInfoProto Info(Value value)
    {
        var type = new TypeProto.Types.Tensor { ElemType = (int)value.Type };
        if (value.Shape is { } shape)
        {
            type.Shape = new TensorShapeProto();
            type.Shape.Dim.AddRange(shape.Select(d => d switch
            {
                { Value: { } size } => new TensorShapeProto.Types.Dimension { DimValue = size },
                { Symbol: { } symbol } => new TensorShapeProto.Types.Dimension { DimParam = symbol },
                _ => new TensorShapeProto.Types.Dimension(),
            }));
        }
        return new ValueInfoProto { Name = value.Name, Type = new TypeProto { TensorType = type } };
    }
}
