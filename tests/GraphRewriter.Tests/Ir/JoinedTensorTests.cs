using FlashRt.GraphRewriter.Tests.Spellings;
using Google.Protobuf;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Ir;

/// <summary>Weights that come from files are joined on their way from file to file.</summary>
[TestClass]
public sealed class JoinedTensorTests
{
    private string folder = "";

    [TestInitialize]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("flashrt-joined-").FullName;

    [TestCleanup]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [TestMethod]
    [DataRow(1, new[] { 3, 5 }, DisplayName = "one behind the other")]
    [DataRow(7, new[] { 2, 4, 6 }, DisplayName = "interleaved")]
    [DataRow(300_001, new[] { 2, 6 }, DisplayName = "more rows than a block holds")]
    [DataRow(3, new[] { 700_001, 600_000 }, DisplayName = "rows longer than a block")]
    [DataRow(1, new[] { 3_000_000, 1 }, DisplayName = "parts longer than a block")]
    [DataRow(2, new[] { 1 << 19, 1 << 19 }, DisplayName = "a row that fills a block")]
    [DataRow(4, new[] { 0, 3 }, DisplayName = "an empty part")]
    public void RowsOfThePartsAlternate(int rows, int[] widths)
    {
        var random = new Random(rows);
        byte[][] parts = [.. widths.Select(w => { var bytes = new byte[rows * w]; random.NextBytes(bytes); return bytes; })];
        var tensor = new TensorProto { Name = "w", DataType = (int)Uint8, DataLocation = TensorProto.Types.DataLocation.External };
        Entry("flashrt.rows", rows);
        for (var i = 0; i < parts.Length; i++)
        {
            File.WriteAllBytes(PathOf($"{i % 2}.bin"), [.. File.Exists(PathOf($"{i % 2}.bin")) ? File.ReadAllBytes(PathOf($"{i % 2}.bin")) : [1, 2, 3], .. parts[i]]);
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = $"{i % 2}.bin" });
            Entry("offset", (int)new FileInfo(PathOf($"{i % 2}.bin")).Length - parts[i].Length);
            Entry("length", parts[i].Length);
        }
        var external = new ExternalData(PathOf("model.onnx"));
        var expected = Enumerable.Range(0, rows).SelectMany(r => parts.SelectMany((p, i) => new ArraySegment<byte>(p, r * widths[i], widths[i]))).ToArray();
        CollectionAssert.AreEqual(expected, external.Bytes(tensor)!.Span.ToArray(), "in memory");

        TensorProto again = tensor.Clone(), small = Small();
        using (var file = new JoinedFile(external)) file.Write(PathOf("joined"), [small, tensor, again]);
        var written = File.ReadAllBytes(PathOf("joined"));
        var offset = int.Parse(ExternalData.Entry(tensor, "offset")!);
        Assert.AreEqual(4096, offset, "a tensor starts on a page");
        Assert.AreEqual(tensor, again, "the same bytes are written once");
        Assert.AreEqual(offset + expected.Length, written.Length);
        CollectionAssert.AreEqual(expected, written[offset..]);

        void Entry(string key, int value) => tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = $"{value}" });
    }

    [TestMethod]
    public void SavedWeightsAreThoseInMemoryAndTheOthersAreLinked()
    {
        var model = Rewritten(WithFiles("in"));
        Assert.IsFalse(model.Proto.Graph.Initializer.Any(t => t.HasRawData && t.Dims.Count == 2), "no weight is held in memory");
        var inMemory = model.Graph.Find("matmul_0.merged.weight")!.Constant!.Raw.ToArray();
        Oracle.AssertSame(OnnxModel.Load(PathOf("in", "model.onnx")), model, tolerance: 1e-5);

        model.Save(PathOf("out", "new.onnx"));
        CollectionAssert.AreEquivalent(new[] { "new.onnx", "new.merged.weights", "down.bin" }, Names("out"), "gate and up are in the merged file only");
        var saved = OnnxModel.Load(PathOf("out", "new.onnx"));
        CollectionAssert.AreEqual(inMemory, saved.Graph.Find("matmul_0.merged.weight")!.Constant!.Raw.ToArray());
        Oracle.AssertSame(OnnxModel.Load(PathOf("in", "model.onnx")), saved, tolerance: 1e-5);

        Restorer.Restore(saved);
        saved.Save(PathOf("restored", "model.onnx"));
        CollectionAssert.AreEquivalent(new[] { "model.onnx", "new.merged.weights", "down.bin" }, Names("restored"));
        Oracle.AssertSame(OnnxModel.Load(PathOf("in", "model.onnx")), OnnxModel.Load(PathOf("restored", "model.onnx")), tolerance: 1e-5);
    }

    [TestMethod]
    public void SavingAgainTakesTheSameFileAndSparesOthers()
    {
        var input = WithFiles("in");
        Rewritten(input).Save(PathOf("in", "new.onnx"));
        var (model, weights) = (File.ReadAllBytes(PathOf("in", "new.onnx")), File.ReadAllBytes(PathOf("in", "new.merged.weights")));
        var count = Names("in").Length;
        Rewritten(input).Save(PathOf("in", "new.onnx"));
        CollectionAssert.AreEqual(model, File.ReadAllBytes(PathOf("in", "new.onnx")), "the same input gave other bytes");
        Assert.AreEqual(count, Names("in").Length);

        var again = OnnxModel.Load(PathOf("in", "new.onnx"));
        Rewriter.Rewrite(again, new RewriteOptions());
        again.Save(PathOf("in", "again.onnx"));
        CollectionAssert.AreEqual(model, File.ReadAllBytes(PathOf("in", "again.onnx")), "rewriting twice must change nothing");

        Rewritten(WithFiles("other", seed: 7)).Save(PathOf("in", "new.onnx"));
        CollectionAssert.AreEqual(weights, File.ReadAllBytes(PathOf("in", "new.merged.weights")), "another model's weights were overwritten");
        Assert.IsTrue(Names("in").Contains("new.2.merged.weights"));
        Oracle.AssertSame(OnnxModel.Load(PathOf("other", "model.onnx")), OnnxModel.Load(PathOf("in", "new.onnx")), tolerance: 1e-5);
        Assert.IsFalse(Names("in").Any(n => n.EndsWith(".tmp", StringComparison.Ordinal)));
    }

    [TestMethod]
    public void FailedSaveLeavesNothing()
    {
        var model = Rewritten(WithFiles("in"));
        Directory.CreateDirectory(PathOf("out", "new.onnx"));  // cannot be replaced by a file
        Assert.ThrowsExactly<OnnxModelException>(() => model.Save(PathOf("out", "new.onnx")));
        CollectionAssert.AreEqual(new[] { "new.onnx" }, Names("out"));
    }

    [TestMethod]
    public void WeightInAFileAndOneInTheModelStayApart()
    {
        var model = OnnxModel.Load(WithFiles("in", inside: "up"));
        var report = Rewriter.Rewrite(model, new RewriteOptions());
        StringAssert.Contains(report.NotFused.Single().Reason, "of the weights 'gate' and 'up' one is in the model and one in a file");
    }

    [TestMethod]
    public void FileOfAJoinedTensorIsRefused()
    {
        var model = Rewritten(WithFiles("in"));
        File.WriteAllBytes(PathOf("in", "joined.onnx"), model.Proto.ToByteArray());
        StringAssert.Contains(Assert.ThrowsExactly<OnnxModelException>(() => OnnxModel.Load(PathOf("in", "joined.onnx"))).Message, "is joined of others");
    }

    private static OnnxModel Rewritten(string path)
    {
        var model = OnnxModel.Load(path);
        Rewriter.Rewrite(model, new RewriteOptions());
        return model;
    }

    // down(silu(gate(x)) · up(x)), each weight in a file of its own.
    private string WithFiles(string name, int seed = 0, string inside = "")
    {
        var g = new GraphBuilder(20);
        var x = g.Input("x", Float, 2, MergingSpellings.Tokens, MergingSpellings.Width);
        var (gate, up) = (MergingSpellings.Product(g, x, "gate", 6 + seed), MergingSpellings.Product(g, x, "up", 6 + seed));
        var down = g.Op("MatMul", g.Op("Mul", g.Op("Mul", gate, g.Op("Sigmoid", gate)), up), MergingSpellings.Weight(g, "down", 6 + seed, 4));
        g.Output(down, Float, 2, MergingSpellings.Tokens, 4);
        var proto = g.Build().Proto;
        Directory.CreateDirectory(PathOf(name));
        foreach (var tensor in proto.Graph.Initializer.Where(t => t.Name != inside))
        {
            File.WriteAllBytes(PathOf(name, $"{tensor.Name}.bin"), [.. new byte[8], .. tensor.RawData.ToByteArray()]);
            tensor.ClearRawData();
            tensor.DataLocation = TensorProto.Types.DataLocation.External;
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = $"{tensor.Name}.bin" });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = "8" });
        }
        File.WriteAllBytes(PathOf(name, "model.onnx"), proto.ToByteArray());
        return PathOf(name, "model.onnx");
    }

    private TensorProto Small()
    {
        File.WriteAllBytes(PathOf("small.bin"), [9, 8, 7]);
        var tensor = new TensorProto { Name = "small", DataType = (int)Uint8, DataLocation = TensorProto.Types.DataLocation.External };
        foreach (var (key, value) in new[] { ("flashrt.rows", "1"), ("location", "small.bin"), ("offset", "0"), ("length", "3") })
            tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        return tensor;
    }

    private string[] Names(string name) => [.. Directory.GetFileSystemEntries(PathOf(name)).Select(f => Path.GetFileName(f)!)];

    private string PathOf(params string[] parts) => Path.Combine([folder, .. parts]);
}
