using System.Globalization;
using System.Text;

namespace FlashRt.GraphRewriter;

/// <summary>A graph as text, one node a line, for people and for goldens that can be compared line by line.</summary>
public static class GraphText
{
    /// <summary>Writes inputs, nodes and outputs; stored tensors appear where they are read, small ones with their numbers.</summary>
    public static string Of(OnnxModel model)
    {
        var text = new StringBuilder();
        foreach (var value in model.Proto.Graph.Input.Select(i => model.Graph.Find(i.Name)!)) text.Append("in  ").Append(value).Append('\n');
        foreach (var node in model.Graph.Nodes) text.Append(Of(node)).Append('\n');
        foreach (var value in model.Proto.Graph.Output.Select(o => model.Graph.Find(o.Name)!)) text.Append("out ").Append(value).Append('\n');
        return text.ToString();
    }

    /// <summary>One node: outputs, operator, inputs, attributes.</summary>
    public static string Of(Node node)
    {
        var op = node.Domain.Length == 0 ? node.OpType : $"{node.Domain}::{node.OpType}";
        var attributes = node.Proto.Attribute.Count == 0 ? "" : $" {{{string.Join(", ", node.Proto.Attribute.Select(Of))}}}";
        return $"{string.Join(", ", node.Outputs.Select(o => o?.Name ?? "_"))} = {op}({string.Join(", ", node.Inputs.Select(Of))}){attributes}";
    }

    private static string Of(Value? value) => value switch
    {
        null => "_",
        { Initializer: not null, Scalar: { } number } => number.ToString("0.######", CultureInfo.InvariantCulture),
        _ => value.Name,
    };

    private static string Of(AttributeProto a) => $"{a.Name}=" + a.Type switch
    {
        AttributeProto.Types.AttributeType.Int => a.I.ToString(CultureInfo.InvariantCulture),
        AttributeProto.Types.AttributeType.Float => a.F.ToString("0.######", CultureInfo.InvariantCulture),
        AttributeProto.Types.AttributeType.String => a.S.ToStringUtf8(),
        AttributeProto.Types.AttributeType.Ints => $"[{string.Join(',', a.Ints)}]",
        _ => "...",
    };
}
