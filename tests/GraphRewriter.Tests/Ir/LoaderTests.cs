using FlashRt.TestKit;
using Google.Protobuf;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Ir;

/// <summary>Files that are no sound model give one clear error; models with weights beside them load without reading the weights.</summary>
[TestClass]
public sealed class LoaderTests
{
    private string folder = "";

    [TestInitialize]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("flashrt-loader-").FullName;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    public static IEnumerable<object[]> Broken =>
    [
        ["empty", Array.Empty<byte>(), "is empty"],
        ["text", "This is not a model. It is a sentence, and another."u8.ToArray(), "is not an ONNX model"],
        ["zeros", new byte[64], "is not an ONNX model"],
        ["no graph", new ModelProto { IrVersion = 10 }.ToByteArray(), "it has no graph"],
        ["no operator set", Bytes(m => m.OpsetImport.Clear()), "it has no operator set import"],
        ["truncated", Bytes(_ => { })[..^7], "is cut off"],
        ["missing input", Bytes(m => m.Graph.Node[0].Input[0] = "nowhere"), "node 'node_Add_0' (Add) reads 'nowhere', which nothing makes"],
        ["no such output", Bytes(m => m.Graph.Output[0].Name = "nothing"), "graph output 'nothing' is made by no node"],
        ["made twice", Bytes(m => m.Graph.Node[1].Output[0] = "add_0"), "value 'add_0' is made twice, the second time by node 'node_Neg_0' (Neg)"],
        ["two tensors of a name", Bytes(m => m.Graph.Initializer.Add(m.Graph.Initializer[0])), "two initializers are called 'w'"],
        ["cycle", Bytes(m => m.Graph.Node[0].Input[0] = "neg_0"), "is part of a cycle"],
        ["no operator", Bytes(m => m.Graph.Node[0].OpType = ""), "node 'node_Add_0' has no operator"],
        ["mixed types", Bytes(m => m.Graph.Input[0].Type.TensorType.ElemType = (int)Float16), "node node_Add_0 (Add) mixes float16 ('x') with float32 ('w')"],
        ["negative dimension", Bytes(m => m.Graph.Initializer[0].Dims[0] = -4), "initializer 'w' has the dimension -4"],
        ["huge dimension", Bytes(m => m.Graph.Initializer[0].Dims.Add([1L << 40, 1L << 40])), "initializer 'w' is impossibly large"],
        ["too little data", Bytes(m => m.Graph.Initializer[0].RawData = ByteString.CopyFrom(new byte[3])), "has 3 bytes of data; float32[4] needs 16"],
        ["no type", Bytes(m => m.Graph.Initializer[0].DataType = 0), "initializer 'w' has no element type"],
        ["parent folder", External("../weights.bin"), "which leaves the model's directory"],
        ["absolute path", External("/etc/hostname"), "absolute external path '/etc/hostname'"],
        ["file not there", External("weights.bin"), "needs the external file 'weights.bin', which is not there"],
        ["beyond the end", External("model.onnx", offset: "1000000"), "which has"],
        ["offset no number", External("model.onnx", offset: "one"), "has 'one' as its external offset"],
    ];

    [TestMethod]
    [DynamicData(nameof(Broken))]
    public void IsRefused(string name, byte[] content, string reason)
    {
        var path = Path.Combine(folder, "model.onnx");
        File.WriteAllBytes(path, content);
        var error = Assert.ThrowsExactly<OnnxModelException>(() => OnnxModel.Load(path), name);
        StringAssert.StartsWith(error.Message, path);
        StringAssert.Contains(error.Message, reason);
    }

    [TestMethod]
    public void MissingFileAndFolderAreNamed()
    {
        StringAssert.Contains(Assert.ThrowsExactly<OnnxModelException>(() => OnnxModel.Load(Path.Combine(folder, "no.onnx"))).Message, "no such file");
        StringAssert.Contains(Assert.ThrowsExactly<OnnxModelException>(() => OnnxModel.Load(folder)).Message, "is a directory");
    }

    [TestMethod]
    public void LinkOutOfTheFolderIsRefused()
    {
        var path = Path.Combine(folder, "model.onnx");
        File.WriteAllBytes(path, External("weights.bin"));
        File.CreateSymbolicLink(Path.Combine(folder, "weights.bin"), Repository.PathOf("FlashRt.sln"));
        StringAssert.Contains(Assert.ThrowsExactly<OnnxModelException>(() => OnnxModel.Load(path)).Message, "a symbolic link that leaves");
    }

    [TestMethod]
    public void LinkedFolderOutOfTheFolderIsRefused()
    {
        var path = Path.Combine(folder, "model.onnx");
        File.WriteAllBytes(path, External("linked/FlashRt.sln"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "linked"), Repository.Root);
        StringAssert.Contains(Assert.ThrowsExactly<OnnxModelException>(() => OnnxModel.Load(path)).Message, "a symbolic link that leaves");
    }

    [TestMethod]
    public void LinksThatStayInsideAreFollowed()
    {
        var path = WithWeights("in", [1, 2, 3, 4]);
        Directory.CreateDirectory(Path.Combine(folder, "in", "blobs"));
        File.Move(Path.Combine(folder, "in", "weights.bin"), Path.Combine(folder, "in", "blobs", "abc"));
        File.CreateSymbolicLink(Path.Combine(folder, "in", "weights.bin"), Path.Combine("blobs", "abc"));
        Directory.CreateSymbolicLink(Path.Combine(folder, "there"), Path.Combine(folder, "in"));
        foreach (var model in new[] { path, Path.Combine(folder, "there", "model.onnx") })
        {
            var output = Path.Combine(folder, "out", "new.onnx");
            OnnxModel.Load(model).Save(output);
            Assert.AreEqual(3f, OnnxModel.Load(output).Graph.Find("w")!.Constant!.As<float>()[2]);
            Assert.IsNull(new FileInfo(Path.Combine(folder, "out", "weights.bin")).LinkTarget);
        }
    }

    [TestMethod]
    public void NewerFieldsSurvive()
    {
        var model = Small();
        using var stream = new MemoryStream();
        model.Proto.WriteTo(stream);
        stream.Write([0xFA, 0x3F, 0x03, 1, 2, 3]);  // field 1023, three bytes
        var path = Path.Combine(folder, "model.onnx");
        File.WriteAllBytes(path, stream.ToArray());
        OnnxModel.Load(path).Save(path + ".copy");
        CollectionAssert.AreEqual(File.ReadAllBytes(path), File.ReadAllBytes(path + ".copy"));
    }

    [TestMethod]
    public void WeightsStayInTheirFile()
    {
        var values = Enumerable.Range(0, 4).Select(i => (float)i).ToArray();
        var path = WithWeights("in", values);
        var model = OnnxModel.Load(path);
        CollectionAssert.AreEqual(values, model.Graph.Find("w")!.Constant!.As<float>().ToArray());
        Assert.IsFalse(model.Proto.Graph.Initializer[0].HasRawData);
    }

    [TestMethod]
    public void SavingElsewhereBringsTheWeightsAndSpareOthers()
    {
        var path = WithWeights("in", [1, 2, 3, 4]);
        var output = Path.Combine(folder, "out", "new.onnx");
        OnnxModel.Load(path).Save(output);
        Assert.AreEqual(2f, OnnxModel.Load(output).Graph.Find("w")!.Constant!.As<float>()[1]);

        var other = WithWeights("other", [5, 6, 7, 8]);  // same file name, other numbers
        var second = Path.Combine(folder, "out", "second.onnx");
        OnnxModel.Load(other).Save(second);
        Assert.AreEqual(2f, OnnxModel.Load(output).Graph.Find("w")!.Constant!.As<float>()[1], "another model's weights were overwritten");
        Assert.AreEqual(6f, OnnxModel.Load(second).Graph.Find("w")!.Constant!.As<float>()[1]);
        Assert.AreEqual(0, Directory.GetFiles(Path.Combine(folder, "out"), "*.tmp").Length);
    }

    [TestMethod]
    public void FailedSaveLeavesTheOldFile()
    {
        var path = Path.Combine(folder, "model.onnx");
        Directory.CreateDirectory(path);  // cannot be replaced by a file
        Assert.ThrowsExactly<OnnxModelException>(() => Small().Save(path));
        Assert.IsTrue(Directory.Exists(path));
        Assert.AreEqual(0, Directory.GetFiles(folder).Length);
    }

    private string WithWeights(string name, float[] values)
    {
        var path = Path.Combine(folder, name, "model.onnx");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, External("weights.bin", offset: "8"));
        File.WriteAllBytes(Path.Combine(folder, name, "weights.bin"), [.. new byte[8], .. values.SelectMany(BitConverter.GetBytes)]);
        return path;
    }

    private static OnnxModel Small()
    {
        var g = new GraphBuilder();
        g.Output(g.Op("Neg", g.Op("Add", g.Input("x", Float, 2, 4), g.Initializer("w", Float, [4], 1, 2, 3, 4))), Float, 2, 4);
        return g.Build();
    }

    private static byte[] Bytes(Action<ModelProto> edit)
    {
        var proto = Small().Proto;
        edit(proto);
        return proto.ToByteArray();
    }

    private static byte[] External(string location, string? offset = null) => Bytes(m =>
    {
        var tensor = m.Graph.Initializer[0];
        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        if (offset is not null) tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = offset });
    });
}
