using FlashRt.Validation.Tests.Data;
using Google.Protobuf;

namespace FlashRt.Validation.Tests.Running;

[TestClass]
public sealed class ExternalDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow(DataType.Float16)]
    [DataRow(DataType.Bfloat16)]  // runs in float32, for which the weights are read
    public void WeightsBesideTheModelAreFound(DataType type)
    {
        var original = Save(type);
        var copy = original.Clone();
        Assert.HasCount(1, Rewriter.Rewrite(copy, new RewriteOptions()).Sites);
        copy.Save(_folder.File("rewritten.onnx"));

        var report = Validator.Validate(original, OnnxModel.Load(_folder.File("rewritten.onnx")), new ValidationOptions { Sites = true });
        Assert.IsTrue(report.Passed, report.ToJson());
        Assert.HasCount(1, report.Sites);
    }

    // SwiGLU of x with weights that lie in a file: silu(x w) * (x v).
    private OnnxModel Save(DataType type)
    {
        var random = new Random(1);
        double[] Numbers() => [.. Enumerable.Range(0, 8 * 16).Select(_ => random.NextDouble() - 0.5)];
        var g = new GraphBuilder();
        var x = g.Input("x", type, 4, 8);
        var gate = g.Op("MatMul", x, g.Initializer("w", type, [8, 16], Numbers()));
        var up = g.Op("MatMul", x, g.Initializer("v", type, [8, 16], Numbers()));
        g.Output(g.Op("Mul", g.Op("Mul", gate, g.Op("Sigmoid", gate)), up), type, 4, 16);
        var proto = g.Build().Proto;
        MoveOut(proto.Graph.Initializer, "weights.bin");
        File.WriteAllBytes(_folder.File("model.onnx"), proto.ToByteArray());
        return OnnxModel.Load(_folder.File("model.onnx"));
    }

    private void MoveOut(IEnumerable<TensorProto> tensors, string file)
    {
        using var stream = File.Create(_folder.File(file));
        foreach (var tensor in tensors)
        {
            foreach (var (key, value) in new[] { ("location", file), ("offset", $"{stream.Position}"), ("length", $"{tensor.RawData.Length}") })
                tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
            tensor.RawData.WriteTo(stream);
            tensor.ClearRawData();
            tensor.DataLocation = TensorProto.Types.DataLocation.External;
        }
    }
}
