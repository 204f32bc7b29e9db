using System.Globalization;
using FlashRt.GraphRewriter;
using FlashRt.GraphRewriter.Ir;
using FlashRt.GraphRewriter.Ir.Protos;
using DataType = FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.LargeModel;

/// <summary>
/// Writes a float16 decoder as exporters spell one, opset 18, with every weight in one external file. Only the file is as large as
/// the model: memory does not grow with it.
/// </summary>
public sealed class DecoderWriter
{
    private readonly DecoderSize size;
    private readonly string file;
    private readonly GraphProto graph = new() { Name = "decoder" };
    private int next;

    private DecoderWriter(DecoderSize size, string file) => (this.size, this.file) = (size, file);

    /// <summary>Writes model.onnx and its weights into a folder; returns the model's path.</summary>
    /// <param name="folder">Where; it is made when it is not there.</param>
    /// <param name="size">The sizes.</param>
    /// <param name="sparse">Leave the weights as a hole that reads as zeros, instead of filling it with numbers.</param>
    public static string Write(string folder, DecoderSize size, bool sparse)
    {
        Directory.CreateDirectory(folder);
        var writer = new DecoderWriter(size, "model.weights");
        writer.Decoder();
        var bytes = writer.graph.Initializer.Sum(WeightFile.Bytes);
        WeightFile.Write(Path.Combine(folder, writer.file), bytes, sparse);

        var model = new ModelProto { IrVersion = 8, ProducerName = "large-model", Graph = writer.graph };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 18 });
        var path = Path.Combine(folder, "model.onnx");
        new OnnxModel(model, path).Save(path);
        return path;
    }

    private void Decoder()
    {
        graph.Input.Add(Interface("input_ids", DataType.Int64, 1, size.Length));
        graph.Output.Add(Interface("logits", DataType.Float16, 1, size.Length, size.Vocabulary));
        var table = Weight("embedding", size.Vocabulary, size.Hidden);
        var cos = Table(size.Head, (row, column) => Math.Cos(Angle(row, column)));
        var sin = Table(size.Head, (row, column) => Math.Sin(Angle(row, column)));
        var mask = Table(size.Length, (row, column) => column <= row ? 0 : -65504);
        var x = Add("Gather", [table, "input_ids"]);
        for (var layer = 0; layer < size.Layers; layer++)
        {
            x = Add("Add", [x, Attention($"layer{layer}.attention", Norm(x, $"layer{layer}.input_norm"), cos, sin, mask)]);
            x = Add("Add", [x, Mlp($"layer{layer}.mlp", Norm(x, $"layer{layer}.post_norm"))]);
        }
        var last = Node("MatMul", [Norm(x, "norm"), Add("Transpose", [table], Attribute("perm", 1, 0))]);
        last.Output.Add("logits");
    }

    private string Norm(string x, string name)
    {
        var wide = Add("Cast", [x], Attribute("to", (long)DataType.Float));
        var mean = Add("ReduceMean", [Add("Pow", [wide, Floats(2)]), Ints(-1)], Attribute("keepdims", 1L));
        var root = Add("Sqrt", [Add("Add", [mean, Floats(1e-6f)])]);
        var normal = Add("Cast", [Add("Mul", [wide, Add("Reciprocal", [root])])], Attribute("to", (long)DataType.Float16));
        return Add("Mul", [normal, Weight(name + ".weight", size.Hidden)]);
    }

    private string Attention(string name, string x, string cos, string sin, string mask)
    {
        var query = Rotate(Heads(Linear(x, name + ".q", size.Hidden, size.Hidden), size.Heads), cos, sin);
        var key = Repeat(Rotate(Heads(Linear(x, name + ".k", size.Hidden, size.KeyHeads * size.Head), size.KeyHeads), cos, sin));
        var value = Repeat(Heads(Linear(x, name + ".v", size.Hidden, size.KeyHeads * size.Head), size.KeyHeads));
        var scores = Add("Mul", [Add("MatMul", [query, Add("Transpose", [key], Attribute("perm", 0, 1, 3, 2))]), Halves((float)(1 / Math.Sqrt(size.Head)))]);
        var weights = Add("Softmax", [Add("Add", [scores, mask])], Attribute("axis", -1L));
        var rows = Add("Transpose", [Add("MatMul", [weights, value])], Attribute("perm", 0, 2, 1, 3));
        return Linear(Add("Reshape", [rows, Ints(1, size.Length, size.Hidden)]), name + ".o", size.Hidden, size.Hidden);
    }

    private string Mlp(string name, string x)
    {
        var gate = Linear(x, name + ".gate", size.Hidden, size.Inner);
        var active = Add("Mul", [gate, Add("Sigmoid", [gate])]);
        return Linear(Add("Mul", [active, Linear(x, name + ".up", size.Hidden, size.Inner)]), name + ".down", size.Inner, size.Hidden);
    }

    private string Heads(string x, int heads) =>
        Add("Transpose", [Add("Reshape", [x, Ints(1, size.Length, heads, size.Head)])], Attribute("perm", 0, 2, 1, 3));

    private string Rotate(string x, string cos, string sin)
    {
        var half = size.Head / 2;
        var low = Add("Slice", [x, Ints(0), Ints(half), Ints(3)]);
        var high = Add("Slice", [x, Ints(half), Ints(size.Head), Ints(3)]);
        var turned = Add("Concat", [Add("Neg", [high]), low], Attribute("axis", -1L));
        return Add("Add", [Add("Mul", [x, cos]), Add("Mul", [turned, sin])]);
    }

    private string Repeat(string x)
    {
        var wide = Add("Expand", [Add("Unsqueeze", [x, Ints(2)]), Ints(1, size.KeyHeads, size.Heads / size.KeyHeads, size.Length, size.Head)]);
        return Add("Reshape", [wide, Ints(1, size.Heads, size.Length, size.Head)]);
    }

    private string Linear(string x, string name, int from, int to) => Add("MatMul", [x, Weight(name + ".weight", from, to)]);

    private string Weight(string name, params long[] dims)
    {
        var tensor = new TensorProto { Name = name, DataType = (int)DataType.Float16, DataLocation = TensorProto.Types.DataLocation.External };
        tensor.Dims.AddRange(dims);
        External("location", file);
        External("offset", graph.Initializer.Sum(WeightFile.Bytes).ToString(CultureInfo.InvariantCulture));
        External("length", WeightFile.Size(tensor).ToString(CultureInfo.InvariantCulture));
        graph.Initializer.Add(tensor);
        return name;

        void External(string key, string value) => tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
    }

    private string Ints(params long[] values) => Stored(ConstantTensor.From(DataType.Int64, [values.Length], values));

    private string Floats(float value) => Stored(ConstantTensor.From(DataType.Float, [], [(double)value]));

    private string Halves(float value) => Stored(ConstantTensor.From(DataType.Float16, [], [(double)value]));

    private double Angle(int row, int column) => row * Math.Pow(10000, -2.0 * (column % (size.Head / 2)) / size.Head);

    private string Table(int columns, Func<int, int, double> value) => Stored(ConstantTensor.From(DataType.Float16, [1, 1, size.Length, columns],
        [.. Enumerable.Range(0, size.Length * columns).Select(i => value(i / columns, i % columns))]));

    private string Stored(ConstantTensor tensor)
    {
        var proto = tensor.ToProto($"c{next++}");
        graph.Initializer.Add(proto);
        return proto.Name;
    }

    private string Add(string op, string[] inputs, params AttributeProto[] attributes)
    {
        var node = Node(op, inputs, attributes);
        node.Output.Add($"v{next++}");
        return node.Output[0];
    }

    private NodeProto Node(string op, string[] inputs, params AttributeProto[] attributes)
    {
        var node = new NodeProto { OpType = op, Name = $"{op}_{next++}" };
        node.Input.AddRange(inputs);
        node.Attribute.AddRange(attributes);
        graph.Node.Add(node);
        return node;
    }

    private static AttributeProto Attribute(string name, long value) => new() { Name = name, Type = AttributeProto.Types.AttributeType.Int, I = value };

    private static AttributeProto Attribute(string name, params long[] values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.AddRange(values);
        return attribute;
    }

    private static ValueInfoProto Interface(string name, DataType type, params long[] dims)
    {
        var shape = new TensorShapeProto();
        shape.Dim.AddRange(dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } } };
    }
}
