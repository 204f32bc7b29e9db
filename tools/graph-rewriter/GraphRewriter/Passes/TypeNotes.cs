namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// Notes the types of what fused nodes compute. They were inferred through the nodes that are gone, and whoever reads the rewritten
/// model (a second rewrite, the proof of a site, the preflight) has no rules for ours.
/// </summary>
internal static class TypeNotes
{
    /// <summary>Notes the value's type, unless the model has it already.</summary>
    public static void Add(Value value, PassContext context)
    {
        var notes = value.Graph.Proto.ValueInfo;
        context.Noted ??= [.. notes.Select(n => n.Name)];
        if (value.Type == DataType.Undefined || value.IsOutput || !context.Noted.Add(value.Name)) return;
        var type = new TypeProto.Types.Tensor { ElemType = (int)value.Type };
        if (value.Shape is { } shape)
        {
            type.Shape = new TensorShapeProto();
            type.Shape.Dim.AddRange(shape.Select(d => d switch
            {
                { Value: { } size } => new TensorShapeProto.Types.Dimension { DimValue = size },
                { Symbol: { } symbol, IsInvented: false } => new TensorShapeProto.Types.Dimension { DimParam = symbol },
                _ => new TensorShapeProto.Types.Dimension(),
            }));
        }
        var note = new ValueInfoProto { Name = value.Name, Type = new TypeProto { TensorType = type } };
        note.MetadataProps.Add(new StringStringEntryProto { Key = FusionBuilder.Derived, Value = "type" });
        notes.Add(note);
    }
}
