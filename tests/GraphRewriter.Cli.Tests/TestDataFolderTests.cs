using Google.Protobuf;

namespace FlashRt.GraphRewriter.Cli.Tests;

/// <summary>validate --data on folders as people have them: with less, with more, and with something else than the model asks for.</summary>
[TestClass]
public sealed class TestDataFolderTests : CliTest
{
    private static readonly TensorProto A = Floats("a", 2), B = new() { Name = "b", DataType = (int)DataType.Int64, Int64Data = { 1 } }, Y = Floats("y", 2);

    [TestMethod]
    public void WhatCanBeUsedIsUsed()
    {
        Used("without outputs", ("input_0.pb", A), ("input_1.pb", B));
        Used("with outputs", ("input_0.pb", A), ("input_1.pb", B), ("output_0.pb", Y));
        Used("without names", ("input_0.pb", Renamed(A, "")), ("input_1.pb", Renamed(B, "")), ("output_0.pb", Renamed(Y, "")));
        Used("by name, not by number", ("input_0.pb", B), ("input_1.pb", A));
        Used("a pruned input and an output that the graph lacks", ("input_0.pb", A), ("input_1.pb", B), ("input_2.pb", Floats("pruned", 7)), ("output_1.pb", Floats("more", 7)));
        Used("in a wider type", ("input_0.pb", new TensorProto { Name = "a", DataType = (int)DataType.Double, Dims = { 2 }, DoubleData = { 1, 2 } }), ("input_1.pb", B));
    }

    [TestMethod]
    public void WhatCannotBeUsedIsNamed()
    {
        Refused("There is no data for the input b", ("input_0.pb", A));
        Refused("There is no data for the inputs a, b", ("output_0.pb", Y));
        Refused("input_2.pb: has no name, and the graph has only 2", ("input_0.pb", A), ("input_1.pb", B), ("input_2.pb", Floats("", 2)));
        Refused("input_1.pb: is the second file for 'a'", ("input_0.pb", A), ("input_1.pb", A));
        Refused("test_data_set_0 gives float32[3] for the input 'a', which is [2] in the model", ("input_0.pb", Floats("a", 3)), ("input_1.pb", B));
        Refused("test_data_set_0 gives float32[1,2] for the input 'a', which is [2] in the model", ("input_0.pb", Floats("a", 1, 2)), ("input_1.pb", B));
        Refused("Output 'y' is float32[2] where the recorded one is float32[3]", ("input_0.pb", A), ("input_1.pb", B), ("output_0.pb", Floats("y", 3)));
        Refused("Tensors of string cannot be held", ("input_0.pb", new TensorProto { Name = "a", DataType = (int)DataType.String, StringData = { ByteString.CopyFromUtf8("one") } }));
        Refused("Tensors of an unknown type cannot be held", ("input_0.pb", new TensorProto { Name = "a" }));
        Refused("is no shape that a tensor can have", ("input_0.pb", new TensorProto { Name = "a", DataType = (int)DataType.Float, Dims = { 1L << 40, 1L << 40 } }));
        Refused("is no shape that a tensor can have", ("input_0.pb", new TensorProto { Name = "a", DataType = (int)DataType.Float, Dims = { -2, -1 }, FloatData = { 1, 2 } }));
        Refused("float32[2] needs 8 bytes; it was given 12", ("input_0.pb", new TensorProto { Name = "a", DataType = (int)DataType.Float, Dims = { 2 }, FloatData = { 1, 2, 3 } }));
        Refused("its data is in another file", ("input_0.pb", new TensorProto { Name = "a", DataType = (int)DataType.Float, DataLocation = TensorProto.Types.DataLocation.External }));
        Refused("'x' is not a number; expected input_N", ("input_x.pb", A));
    }

    [TestMethod]
    public void BrokenFilesAndFoldersAreNamed()
    {
        Put(("input_0.pb", A));
        File.WriteAllBytes(PathOf("data/test_data_set_0/input_0.pb"), A.ToByteArray()[..^1]);
        StringAssert.Contains(Validate(), "input_0.pb: is not a readable tensor file");
        Directory.CreateDirectory(PathOf("data/test_data_set_one"));
        StringAssert.Contains(Validate(), "'one' is not a number; expected test_data_set_N");
        Put();
        Directory.Delete(PathOf("data/test_data_set_0"));
        File.WriteAllText(PathOf("data/test_data_set_0"), "a file");
        StringAssert.Contains(Fails(ExitCode.Usage, "validate", Sum(), Sum(), "--data", PathOf("data")), "holds no test_data_set_N folder");
    }

    private void Used(string what, params (string File, TensorProto Tensor)[] files)
    {
        Put(files);
        StringAssert.Contains(Ok("validate", Sum(), Sum(), "--data", PathOf("data")), "passed on test_data_set_0 (cpu)", what);
    }

    private void Refused(string reason, params (string File, TensorProto Tensor)[] files)
    {
        Put(files);
        StringAssert.Contains(Validate(), reason);
    }

    private string Validate() => Fails(ExitCode.Refused, "validate", Sum(), Sum(), "--data", PathOf("data"), "--sites");

    private void Put(params (string File, TensorProto Tensor)[] files)
    {
        var set = PathOf("data/test_data_set_0");
        if (Directory.Exists(PathOf("data"))) Directory.Delete(PathOf("data"), recursive: true);
        Directory.CreateDirectory(set);
        foreach (var (file, tensor) in files) File.WriteAllBytes(Path.Combine(set, file), tensor.ToByteArray());
    }

    // y = a + b, given a [2] and a number b.
    private string Sum()
    {
        var path = PathOf("model.onnx");
        if (File.Exists(path)) return path;
        var g = new GraphBuilder();
        var (a, b) = (g.Input("a", DataType.Float, 2), g.Input("b", DataType.Int64));
        g.Output(g.Node("Add", [a, g.Cast(b, DataType.Float)], [], ["y"])[0], DataType.Float, 2);
        g.Build().Save(path);
        return path;
    }

    // a counts up from 1, and with b = 1 y does from 2.
    private static TensorProto Floats(string name, params long[] dims)
    {
        var first = name == "y" ? 2 : 1;
        var tensor = new TensorProto { Name = name, DataType = (int)DataType.Float, Dims = { dims } };
        tensor.FloatData.Add(Enumerable.Range(first, (int)dims.Aggregate(1L, (n, d) => n * d)).Select(i => (float)i));
        return tensor;
    }

    private static TensorProto Renamed(TensorProto tensor, string name) => new(tensor) { Name = name };
}
