using System.Text;
using FlashRt.Onnx.Catalog;

namespace FlashRt.Onnx.Runtime;

/// <summary>
/// Attributes of a model's com.flashrt nodes that their ops do not have. ONNX Runtime passes over them and shows a custom op only those
/// that it asks for by name, so that a misspelt one would leave the default in force without a word. The nodes are therefore read from the
/// model's protobuf; everything else in it, such as weights, is skipped.
/// </summary>
internal static class UnknownAttributes
{
    // Fields of ONNX's ModelProto, GraphProto, FunctionProto, NodeProto and AttributeProto.
    private const int ModelGraph = 7, ModelFunction = 25, GraphNode = 1, FunctionNode = 7;
    private const int NodeName = 3, NodeOp = 4, NodeAttribute = 5, NodeDomain = 7;
    private const int AttributeName = 1, AttributeGraph = 6, AttributeGraphs = 11;

    private const int DeepestGraph = 100, LongestName = 1 << 20;  // a damaged file may say anything

    /// <summary>What is wrong with the first such attribute, or null. A file that is no model is not this method's business.</summary>
    internal static string? Find(Stream model)
    {
        try
        {
            foreach (var part in Fields(model, new Field(0, 0, model.Length)))
            {
                var found = part.Number == ModelGraph ? InNodes(model, part, GraphNode, 0)
                    : part.Number == ModelFunction ? InNodes(model, part, FunctionNode, 0) : null;
                if (found is not null) return found;
            }
        }
        catch (Exception error) when (error is EndOfStreamException or InvalidDataException)
        {
        }
        return null;
    }

    private static string? InNodes(Stream model, Field parent, int node, int depth)
    {
        if (depth > DeepestGraph) throw new InvalidDataException();
        return Fields(model, parent).Where(field => field.Number == node).Select(field => InNode(model, field, depth)).FirstOrDefault(found => found is not null);
    }

    private static string? InNode(Stream model, Field node, int depth)
    {
        string name = "", type = "", domain = "";
        var attributes = new List<string>();
        foreach (var field in Fields(model, node))
        {
            if (field.Number == NodeName) name = Text(model, field);
            else if (field.Number == NodeOp) type = Text(model, field);
            else if (field.Number == NodeDomain) domain = Text(model, field);
            if (field.Number != NodeAttribute) continue;
            foreach (var part in Fields(model, field))
            {
                if (part.Number == AttributeName) attributes.Add(Text(model, part));
                else if (part.Number is AttributeGraph or AttributeGraphs && InNodes(model, part, GraphNode, depth + 1) is { } found) return found;
            }
        }
        if (domain != OpCatalog.Domain || OpCatalog.Find(type) is not { } op || attributes.Find(a => op.FindAttribute(a) is null) is not { } unknown) return null;
        var known = op.Attributes.Count > 0 ? string.Join(", ", op.Attributes.Select(a => a.Name)) : "none";
        return $"{domain}::{type} (node '{name}'): there is no attribute '{unknown}'; the attributes of {type} are: {known}. Correct it, or leave it out.";
    }

    private static string Text(Stream model, Field field)
    {
        if (field.End - field.Start > LongestName) throw new InvalidDataException();
        var bytes = new byte[field.End - field.Start];
        model.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>The fields of a message that have a length: strings and messages. The stream stands at the start of each.</summary>
    private static IEnumerable<Field> Fields(Stream model, Field message)
    {
        for (model.Position = message.Start; model.Position < message.End;)
        {
            var tag = Varint(model);
            switch (tag & 7)
            {
                case 0:
                    Varint(model);
                    break;
                case 1:
                    model.Position += 8;
                    break;
                case 2:
                    var length = Varint(model);
                    var start = model.Position;
                    if (length > (ulong)Math.Max(0, message.End - start)) throw new InvalidDataException();
                    yield return new Field((int)(tag >> 3), start, start + (long)length);
                    model.Position = start + (long)length;
                    break;
                case 5:
                    model.Position += 4;
                    break;
                default:
                    throw new InvalidDataException();
            }
        }
    }

    private static ulong Varint(Stream model)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = model.ReadByte();
            if (next < 0) throw new EndOfStreamException();
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
        throw new InvalidDataException();
    }

    /// <summary>A field with a length, and where its content lies in the stream.</summary>
    private readonly record struct Field(int Number, long Start, long End);
}
