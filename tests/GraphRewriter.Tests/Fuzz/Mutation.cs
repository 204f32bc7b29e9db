using Google.Protobuf;

namespace FlashRt.GraphRewriter.Tests.Fuzz;

/// <summary>Damage as broken exporters, broken downloads and hostile files would do it.</summary>
internal static class Mutation
{
    private static readonly long[] Sizes = [0, 1, -1, 2, 3, 1L << 31, 1L << 40, long.MaxValue, long.MinValue];

    /// <summary>A damaged copy of the model as a file's content.</summary>
    public static byte[] Of(ModelProto model, Random random)
    {
        var proto = model.Clone();
        for (var n = random.Next(1, 4); n > 0; n--) Structure(proto, random);
        var bytes = proto.ToByteArray();
        switch (random.Next(12))
        {
            case 0 when bytes.Length > 1: return bytes[..random.Next(1, bytes.Length)];
            case 1 when bytes.Length > 0:
                for (var n = random.Next(1, 9); n > 0; n--) bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
                return bytes;
            case 2 when bytes.Length > 8:
                var at = random.Next(bytes.Length - 8);
                return [.. bytes[..at], .. bytes[(at + random.Next(1, 8))..], .. bytes[..random.Next(16)]];
            default: return bytes;
        }
    }

    private static void Structure(ModelProto model, Random random)
    {
        var graph = model.Graph;
        var graphs = graph.Node.SelectMany(n => n.Attribute).Where(a => a.G is not null).Select(a => a.G).Append(graph).ToList();
        if (Pick(graphs, random) is var chosen && chosen.Node.Count > 0 && random.Next(4) > 0) Node(chosen, Pick(chosen.Node, random), random);
        else if (random.Next(2) == 0) Tensor(chosen, random);
        else Frame(model, random);
    }

    private static void Node(GraphProto graph, NodeProto node, Random random)
    {
        var other = Pick(graph.Node, random);
        var value = random.Next(3) == 0 && graph.Initializer.Count > 0 ? Pick(graph.Initializer, random).Name : other.Output.FirstOrDefault("");
        switch (random.Next(16))
        {
            case 0 when node.Input.Count > 0: node.Input[random.Next(node.Input.Count)] = value; break;
            case 1: node.OpType = other.OpType; break;
            case 2 when node.Input.Count > 0: node.Input.RemoveAt(random.Next(node.Input.Count)); break;
            case 3: node.Input.Add(value); break;
            case 4 when node.Input.Count > 0: node.Input[random.Next(node.Input.Count)] = ""; break;
            case 5 when node.Output.Count > 0: node.Output[random.Next(node.Output.Count)] = random.Next(2) == 0 ? "" : value; break;
            case 6: node.Output.Add(value.Length == 0 ? "extra" : value + ".extra"); break;
            case 7: node.Output.Clear(); break;
            case 8: node.Domain = random.Next(3) switch { 0 => "com.flashrt", 1 => "com.microsoft", _ => "nowhere" }; break;
            case 9: node.Attribute.Clear(); break;
            case 10: node.Attribute.AddRange([.. other.Attribute.Select(a => a.Clone())]); break;
            case 11 when node.Attribute.Count > 0: Attribute(Pick(node.Attribute, random), random); break;
            case 12: graph.Node.Remove(node); break;
            case 13: graph.Node.Add(node.Clone()); break;
            case 14 when node.Input.Count > 1: (node.Input[0], node.Input[^1]) = (node.Input[^1], node.Input[0]); break;
            default: graph.Node.Remove(node); graph.Node.Insert(random.Next(graph.Node.Count + 1), node); break;
        }
    }

    private static void Attribute(AttributeProto attribute, Random random)
    {
        switch (random.Next(6))
        {
            case 0: attribute.I = Pick(Sizes, random); break;
            case 1: attribute.F = random.Next(3) switch { 0 => float.NaN, 1 => float.PositiveInfinity, _ => -1e30f }; break;
            case 2: attribute.Type = (AttributeProto.Types.AttributeType)random.Next(16); break;
            case 3: attribute.Ints.Add(Pick(Sizes, random)); break;
            case 4: attribute.S = ByteString.CopyFrom(0xFF, 0xFE, 0); break;
            default: attribute.T = ConstantTensor.From(DataType.Float, [1], [double.NaN]).ToProto("t"); break;
        }
    }

    private static void Tensor(GraphProto graph, Random random)
    {
        if (graph.Initializer.Count == 0) return;
        var tensor = Pick(graph.Initializer, random);
        switch (random.Next(9))
        {
            case 0 when tensor.Dims.Count > 0: tensor.Dims[random.Next(tensor.Dims.Count)] = Pick(Sizes, random); break;
            case 1: tensor.Dims.Add(Pick(Sizes, random)); break;
            case 2 when tensor.Dims.Count > 0: tensor.Dims.RemoveAt(0); break;
            case 3: tensor.RawData = ByteString.CopyFrom([.. tensor.RawData.Select(_ => (byte)random.Next(256))]); break;
            case 4: tensor.DataType = random.Next(30); break;
            case 5: tensor.ClearRawData(); break;
            case 6:
                tensor.DataLocation = TensorProto.Types.DataLocation.External;
                tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = random.Next(3) switch { 0 => "../x", 1 => "/etc/hostname", _ => "" } });
                break;
            case 7: tensor.Name = Pick(graph.Initializer, random).Name; break;
            default: graph.Initializer.Remove(tensor); break;
        }
    }

    private static void Frame(ModelProto model, Random random)
    {
        var graph = model.Graph;
        switch (random.Next(10))
        {
            case 0 when graph.Input.Count > 0: graph.Input.Add(Pick(graph.Input, random).Clone()); break;
            case 1 when graph.Input.Count > 0: graph.Input.Remove(Pick(graph.Input, random)); break;
            case 2 when graph.Input.Count > 0: Shape(Pick(graph.Input, random), random); break;
            case 3 when graph.ValueInfo.Count > 0: Shape(Pick(graph.ValueInfo, random), random); break;
            case 4: graph.ValueInfo.Add(new ValueInfoProto { Name = Pick(graph.Node, random)?.Output.FirstOrDefault("") ?? "" }); break;
            case 5 when graph.Output.Count > 0: graph.Output.Add(graph.Output[0].Clone()); break;
            case 6 when graph.Output.Count > 0 && graph.Node.Count > 0: graph.Output[0].Name = Pick(graph.Node, random).Output.FirstOrDefault(""); break;
            case 7 when model.OpsetImport.Count > 0: model.OpsetImport[0].Version = Pick(Sizes, random); break;
            case 8 when model.Functions.Count > 0: Function(Pick(model.Functions, random), random); break;
            default: model.IrVersion = Pick(Sizes, random); break;
        }
    }

    private static void Shape(ValueInfoProto info, Random random)
    {
        if (info.Type?.TensorType is not { } type) return;
        switch (random.Next(4))
        {
            case 0: type.ElemType = random.Next(30); break;
            case 1: type.Shape = null; break;
            case 2 when type.Shape is { Dim.Count: > 0 } shape: Pick(shape.Dim, random).DimValue = Pick(Sizes, random); break;
            default: type.Shape?.Dim.Add(new TensorShapeProto.Types.Dimension { DimParam = random.Next(2) == 0 ? "n" : "((" }); break;
        }
    }

    private static void Function(FunctionProto function, Random random)
    {
        if (function.Node.Count == 0) return;
        var node = Pick(function.Node, random);
        switch (random.Next(4))
        {
            case 0: (node.OpType, node.Domain) = (function.Name, function.Domain); break;  // calls itself
            case 1: function.Input.Clear(); break;
            case 2: function.Output.Add("more"); break;
            default: node.Input.Add("nothing"); break;
        }
    }

    private static T Pick<T>(IList<T> from, Random random) => from.Count == 0 ? default! : from[random.Next(from.Count)];
}
