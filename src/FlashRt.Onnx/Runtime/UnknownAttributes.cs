using FlashRt.Onnx.Catalog;
using FlashRt.Onnx.Runtime.Protos;

namespace FlashRt.Onnx.Runtime;

/// <summary>
/// Attributes of a model's com.flashrt nodes that their ops do not have. ONNX Runtime passes over them and shows a custom op only those
/// that it asks for by name, so that a misspelt one would leave the default in force without a word.
/// </summary>
internal static class UnknownAttributes
{
    private static readonly Google.Protobuf.MessageParser<ModelProto> Parser = ModelProto.Parser.WithDiscardUnknownFields(true);

    /// <summary>What is wrong with the first such attribute, or null.</summary>
    /// <exception cref="IOException">The model cannot be read, or is none.</exception>
    internal static string? Find(Stream model)
    {
        var parsed = Parser.ParseFrom(model);
        return In(parsed.Graph).Concat(parsed.Functions.SelectMany(function => function.Node.SelectMany(In))).FirstOrDefault();
    }

    private static IEnumerable<string> In(GraphProto? graph) => graph?.Node.SelectMany(In) ?? [];

    private static IEnumerable<string> In(NodeProto node)
    {
        foreach (var inner in node.Attribute.SelectMany(a => a.Graphs.Prepend(a.G)).SelectMany(In)) yield return inner;
        if (node.Domain != OpCatalog.Domain || OpCatalog.Find(node.OpType) is not { } op) yield break;
        var known = op.Attributes.Count > 0 ? string.Join(", ", op.Attributes.Select(a => a.Name)) : "none";
        foreach (var unknown in node.Attribute.Select(a => a.Name).Where(name => op.FindAttribute(name) is null))
            yield return $"{node.Domain}::{node.OpType} (node '{node.Name}'): there is no attribute '{unknown}'; the attributes of {node.OpType} are: {known}. Correct it, or leave it out.";
    }
}
