using Google.Protobuf;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>Attributes of nodes, read and made.</summary>
public static class Attributes
{
    /// <summary>The attribute of that name, or null.</summary>
    public static AttributeProto? Attribute(this Node node, string name) => node.Proto.Attribute.FirstOrDefault(a => a.Name == name);

    /// <summary>An integer attribute or its default.</summary>
    public static long Int(this Node node, string name, long otherwise) => node.Attribute(name) is { HasI: true } a ? a.I : otherwise;

    /// <summary>A float attribute or its default.</summary>
    public static float Float(this Node node, string name, float otherwise) => node.Attribute(name) is { HasF: true } a ? a.F : otherwise;

    /// <summary>A string attribute or its default.</summary>
    public static string Text(this Node node, string name, string otherwise) =>
        node.Attribute(name) is { HasS: true } a ? a.S.ToStringUtf8() : otherwise;

    /// <summary>A list of integers, or null when absent.</summary>
    public static long[]? Ints(this Node node, string name) => node.Attribute(name) is { } a ? [.. a.Ints] : null;

    /// <summary>
    /// Makes an attribute from an int, long, bool, float, double, string, TensorProto, GraphProto or an array of longs, floats or
    /// strings.
    /// </summary>
    public static AttributeProto Make(string name, object value)
    {
        var a = new AttributeProto { Name = name };
        switch (value)
        {
            case int or long or bool: a.I = Convert.ToInt64(value); a.Type = AttributeProto.Types.AttributeType.Int; break;
            case float or double: a.F = Convert.ToSingle(value); a.Type = AttributeProto.Types.AttributeType.Float; break;
            case string s: a.S = ByteString.CopyFromUtf8(s); a.Type = AttributeProto.Types.AttributeType.String; break;
            case TensorProto t: a.T = t; a.Type = AttributeProto.Types.AttributeType.Tensor; break;
            case GraphProto g: a.G = g; a.Type = AttributeProto.Types.AttributeType.Graph; break;
            case IEnumerable<long> ints: a.Ints.AddRange(ints); a.Type = AttributeProto.Types.AttributeType.Ints; break;
            case IEnumerable<int> ints: a.Ints.AddRange(ints.Select(i => (long)i)); a.Type = AttributeProto.Types.AttributeType.Ints; break;
            case IEnumerable<float> floats: a.Floats.AddRange(floats); a.Type = AttributeProto.Types.AttributeType.Floats; break;
            case IEnumerable<string> strings:
                a.Strings.AddRange(strings.Select(ByteString.CopyFromUtf8));
                a.Type = AttributeProto.Types.AttributeType.Strings;
                break;
            default: throw new ArgumentException($"An ONNX attribute cannot hold {value.GetType().Name} ({name}).", nameof(value));
        }
        return a;
    }
}
