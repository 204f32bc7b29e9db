namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// Writes the shapes that follow from stated input sizes into the model: graph outputs lose their symbols, and every inner value whose
/// shape is known is noted, so that nobody has to infer them again.
/// </summary>
public sealed class StateShapes : IPass
{
    /// <inheritdoc/>
    public string Name => "State shapes";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        if (context.Options.Shapes.Count + context.Options.Dims.Count == 0) return 0;
        var graph = context.Model.Graph;
        var changes = graph.Proto.Output.Sum(o => State(o, graph.Find(o.Name)!));
        var noted = graph.Proto.ValueInfo.ToDictionary(v => v.Name, StringComparer.Ordinal);
        foreach (var value in graph.Nodes.SelectMany(n => n.Outputs).OfType<Value>().Where(v => !v.IsOutput && v.Type != DataType.Undefined && v.Shape?.Static() is not null))
        {
            if (!noted.TryGetValue(value.Name, out var note))
                graph.Proto.ValueInfo.Add(note = new ValueInfoProto { Name = value.Name, Type = new TypeProto { TensorType = new() { ElemType = (int)value.Type } } });
            changes += State(note, value);
        }
        return changes;
    }

    private static int State(ValueInfoProto info, Value value)
    {
        if (info.Type?.TensorType is not { } type || value.Shape is not { } shape) return 0;
        if (type.Shape is null || type.Shape.Dim.Count != shape.Rank)
        {
            if (shape.Static() is null) return 0;
            type.Shape = new TensorShapeProto();
            for (var i = 0; i < shape.Rank; i++) type.Shape.Dim.Add(new TensorShapeProto.Types.Dimension());
        }
        var changes = 0;
        for (var i = 0; i < shape.Rank; i++)
        {
            if (shape[i].Value is not { } size || type.Shape.Dim[i] is { HasDimValue: true } same && same.DimValue == size) continue;
            type.Shape.Dim[i].DimValue = size;
            changes++;
        }
        return changes;
    }
}
