using Google.Protobuf;

namespace FlashRt.Validation.Tests.Data;

[TestClass]
public sealed class TestDataTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    public void WhatIsWrittenIsReadBack()
    {
        var inputs = new Dictionary<string, HostTensor> { ["a"] = HostTensor.Of<float>([2], [1, -2]), ["b"] = HostTensor.Of<long>([], [7]) };
        var outputs = new Dictionary<string, HostTensor> { ["y"] = HostTensor.Of<float>([1], [3]).Cast(DataType.Bfloat16) };
        TestData.Write(_folder.Path, new TestDataSet("test_data_set_0", inputs, outputs));
        var set = TestData.Read(_folder.Path, Model()).Single();
        Assert.AreEqual("test_data_set_0", set.Name);
        CollectionAssert.AreEqual(new[] { 1.0, -2.0 }, set.Inputs["a"].ToDoubles());
        Assert.AreEqual("int64[]", set.Inputs["b"].ToString());
        Assert.AreEqual("bfloat16[1]", set.Outputs["y"].ToString());
    }

    [TestMethod]
    public void SetsAndFilesAreTakenInTheOrderOfTheirNumbers()
    {
        foreach (var n in new[] { 10, 2 })
            Put($"test_data_set_{n}", "input_0.pb", new TensorProto { Name = "a", DataType = (int)DataType.Float, FloatData = { n } });
        CollectionAssert.AreEqual(new[] { "test_data_set_2", "test_data_set_10" }, TestData.Read(_folder.Path, Model()).Select(s => s.Name).ToArray());
    }

    [TestMethod]
    public void AFileWithoutANameStandsForTheInputOfItsNumber()
    {
        Put("test_data_set_0", "input_1.pb", new TensorProto { DataType = (int)DataType.Int64, Int64Data = { 5 } });
        Assert.AreEqual("b", TestData.Read(_folder.Path, Model()).Single().Inputs.Keys.Single());
    }

    [TestMethod]
    public void AnInputThatTheGraphDoesNotHaveIsKept()
    {
        Put("test_data_set_0", "input_0.pb", new TensorProto { Name = "pruned", DataType = (int)DataType.Float, Dims = { 1 }, FloatData = { 1 } });
        Assert.IsTrue(TestData.Read(_folder.Path, Model()).Single().Inputs.ContainsKey("pruned"));
    }

    [TestMethod]
    public void ADataSetItselfCanBeNamed()
    {
        Put("mine", "input_0.pb", new TensorProto { Name = "a", DataType = (int)DataType.Float, Dims = { 1 }, FloatData = { 1 } });
        Assert.AreEqual("mine", TestData.Read(_folder.File("mine"), Model()).Single().Name);
    }

    [TestMethod]
    public void TypedFieldsAreRead()
    {
        (TensorProto Proto, double Value)[] cases =
        [
            (new TensorProto { DataType = (int)DataType.Float, FloatData = { 1.5f } }, 1.5),
            (new TensorProto { DataType = (int)DataType.Double, DoubleData = { 2.5 } }, 2.5),
            (new TensorProto { DataType = (int)DataType.Int64, Int64Data = { -3 } }, -3),
            (new TensorProto { DataType = (int)DataType.Int32, Int32Data = { -4 } }, -4),
            (new TensorProto { DataType = (int)DataType.Int8, Int32Data = { -5 } }, -5),
            (new TensorProto { DataType = (int)DataType.Int16, Int32Data = { -6 } }, -6),
            (new TensorProto { DataType = (int)DataType.Uint32, Uint64Data = { 7 } }, 7),
            (new TensorProto { DataType = (int)DataType.Uint64, Uint64Data = { 8 } }, 8),
            (new TensorProto { DataType = (int)DataType.Bool, Int32Data = { 1 } }, 1),
            (new TensorProto { DataType = (int)DataType.Float16, Int32Data = { 0x3C00 } }, 1),
            (new TensorProto { DataType = (int)DataType.Bfloat16, Int32Data = { 0xBF80 } }, -1),
        ];
        foreach (var (proto, value) in cases)
        {
            proto.Name = "a";
            Put("test_data_set_0", "input_0.pb", proto);
            var tensor = TestData.Read(_folder.Path, Model()).Single().Inputs["a"];
            Assert.AreEqual(value, tensor.ToDoubles().Single(), tensor.ToString());
        }
    }

    [TestMethod]
    public void MistakesAreNamed()
    {
        StringAssert.Contains(Error(_folder.File("nowhere")), "no such folder");
        StringAssert.Contains(Error(_folder.Path), "holds no test_data_set_N");
        Put("test_data_set_0", "input_0.pb", new TensorProto { Name = "a", DataType = (int)DataType.Float, Dims = { 3 }, FloatData = { 1 } });
        StringAssert.Contains(Error(_folder.Path), "float32[3] needs 12 bytes");
        File.WriteAllText(_folder.File("test_data_set_0", "input_0.pb"), "this is no protobuf");
        StringAssert.Contains(Error(_folder.Path), "is not a readable tensor file");
        File.Move(_folder.File("test_data_set_0", "input_0.pb"), _folder.File("test_data_set_0", "input_x.pb"));
        StringAssert.Contains(Error(_folder.Path), "'x' is not a number");
    }

    private string Error(string folder) => Assert.ThrowsExactly<ValidationException>(() => TestData.Read(folder, Model())).Message;

    private void Put(string set, string file, TensorProto tensor)
    {
        Directory.CreateDirectory(_folder.File(set));
        File.WriteAllBytes(_folder.File(set, file), tensor.ToByteArray());
    }

    private static OnnxModel Model()
    {
        var g = new GraphBuilder();
        g.Input("a", DataType.Float, 2);
        g.Input("b", DataType.Int64);
        g.Output(g.Op("Identity", "a"), DataType.Float, 2);
        return g.Build();
    }
}
