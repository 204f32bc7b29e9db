using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Passes.Canonical;

/// <summary>RotaryEmbedding of com.microsoft in its forms: 2 entries, 3 tokens, 2 heads of 8.</summary>
[TestClass]
public sealed class ExpandRotaryTests
{
    public static IEnumerable<object[]> Forms =>
        from rows in new[] { true, false }
        from interleaved in new[] { 0, 1 }
        from part in new[] { 0, 4 }
        from offset in new[] { true, false }
        where rows || part == 0
        select new object[] { rows, interleaved, part, offset };

    [TestMethod]
    [DynamicData(nameof(Forms))]
    public void IsFusedAndComputesTheSame(bool rows, int interleaved, int part, bool offset)
    {
        var model = Model(rows, part, offset, ("interleaved", interleaved));
        var report = Rewriter.Rewrite(model, new RewriteOptions());
        Assert.AreEqual("RotaryEmbedding", report.Sites.Single().Op, GraphText.Of(model));
        Oracle.AssertSame(Model(rows, part, offset, ("interleaved", interleaved)), model, 1e-6);
    }

    [TestMethod]
    [DataRow("is_packed_batching", 1, false)]
    [DataRow("interleaved", 0, true)]
    public void StaysWhereItIsNotKnownWhatItDoes(string attribute, int value, bool open)
    {
        var model = ModelTests.Canonical(Model(rows: true, part: 0, offset: true, (attribute, value), open ? "seq" : 3));
        Assert.IsTrue(model.Graph.Nodes.Any(n => n.Domain == "com.microsoft"));
    }

    private static OnnxModel Model(bool rows, int part, bool offset, (string, object) attribute, object? tokens = null)
    {
        tokens ??= 3;
        var g = new GraphBuilder(18).Import("com.microsoft", 1);
        object[] dims = rows ? [2, tokens, 16] : [2, 2, tokens, 8];
        g.Input("x", Float, dims);
        var positions = offset ? g.Input("position", DataType.Int64, 1) : g.Initializer("positions", DataType.Int64, [2, 3], 4, 0, 2, 1, 1, 5);
        var width = part == 0 ? 4 : part / 2;
        string Table(string name, Func<double, double> of) => g.Initializer(name, Float, [9, width], [.. Enumerable.Range(0, 9 * width).Select(i => of(i / width / (1.0 + i % width)))]);
        (string, object)[] heads = part > 0 ? [("num_heads", 2), ("rotary_embedding_dim", part)] : [];
        g.Node("com.microsoft::RotaryEmbedding", ["x", positions, Table("cos", Math.Cos), Table("sin", Math.Sin)], [attribute, .. heads], ["y"]);
        g.Output("y", Float, dims);
        return g.Build();
    }
}
