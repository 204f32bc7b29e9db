using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Ir;

[TestClass]
public sealed class TypeInferenceTests
{
    public static IEnumerable<object[]> Cases =>
    [
        ["symbols add nothing to each other", (GraphBuilder g) => g.Op("Add", X(g), g.Input("y", Float16, 1, "seq", 1)), "float16[2,seq,8]"],
        ["matrix product", (GraphBuilder g) => g.Op("MatMul", X(g), g.Initializer("w", Float16, [8, 3], new double[24])), "float16[2,seq,3]"],
        ["heads", (GraphBuilder g) => g.Op("Reshape", X(g), g.Integers("s", 2, -1, 2, 4)), "float16[2,seq,2,4]"],
        ["heads by sizes of the input", (GraphBuilder g) => g.Op("Reshape", X(g), g.Node("Concat", [g.Node("Shape", ["x"], [("start", 0), ("end", 2)])[0], g.Integers("h", 2, 4)], [("axis", 0)])[0]), "float16[2,seq,2,4]"],
        ["unsqueeze", (GraphBuilder g) => g.Op("Unsqueeze", X(g), g.Integers("a", -1, 0)), "float16[1,2,seq,8,1]"],
        ["mean", (GraphBuilder g) => g.Op("ReduceMean", X(g), g.Integers("a", -1)), "float16[2,seq,1]"],
        ["slice of the last axis", (GraphBuilder g) => g.Op("Slice", X(g), g.Integers("s", 4), g.Integers("e", long.MaxValue), g.Integers("a", 2)), "float16[2,seq,4]"],
        ["split", (GraphBuilder g) => g.Node("Split", [X(g)], [("axis", -1), ("num_outputs", 2)], ["a", "b"])[1], "float16[2,seq,4]"],
        ["comparison", (GraphBuilder g) => g.Op("Less", X(g), g.Scalar("z", Float16, 0)), "bool[2,seq,8]"],
        ["embedding", (GraphBuilder g) => g.Op("Gather", g.Initializer("e", Float16, [5, 8], new double[40]), g.Input("ids", DataType.Int64, 1, "seq")), "float16[1,seq,8]"],
        ["convolution", (GraphBuilder g) => g.Node("Conv", [g.Input("i", Float, 1, 3, 56, 56), g.Initializer("k", Float, [4, 3, 14, 14], new double[2352])], [("strides", new long[] { 14, 14 })])[0], "float32[1,4,4,4]"],
        ["unknown operator", (GraphBuilder g) => g.Op("NonMaxSuppression", X(g)), "an unknown type[...]"],
    ];

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Infers(string name, Func<GraphBuilder, string> formula, string expected)
    {
        var g = new GraphBuilder();
        var value = formula(g);
        var inferred = g.Build().Graph.Find(value)!;
        Assert.AreEqual($"{value}: {expected}", inferred.ToString(), name);
    }

    [TestMethod]
    public void UnknownAxisIsTheSameWhereverItGoes()
    {
        var g = new GraphBuilder();
        var x = g.Op("NonZero", g.Input("i", Float, 4));
        g.Note(x, DataType.Int64, 1, "");
        var (a, b) = (g.Op("Neg", x), g.Op("Abs", x));
        g.Output(a, DataType.Int64);
        g.Output(b, DataType.Int64);
        var graph = g.Build().Graph;
        Assert.IsTrue(graph.Find(a)!.Shape!.SameAs(graph.Find(b)!.Shape));
    }

    [TestMethod]
    public void SubgraphsCountAsReaders()
    {
        var inner = new GraphProto { Name = "then" };
        var node = new NodeProto { OpType = "Neg" };
        node.Input.Add("captured");
        node.Output.Add("inner");
        inner.Node.Add(node);
        inner.Output.Add(new ValueInfoProto { Name = "inner" });
        var g = new GraphBuilder();
        g.Node("Abs", [g.Input("x", Float, 2)], outputs: ["captured"]);
        g.Output(g.Node("If", [g.Input("c", Bool)], [("then_branch", inner), ("else_branch", inner)])[0], Float, 2);
        var captured = g.Build().Graph.Find("captured")!;
        Assert.AreEqual("If", captured.Consumers.Single().OpType);
        Assert.AreEqual(-1, captured.Uses[0].Input);
    }

    private static string X(GraphBuilder g) => g.Input("x", Float16, 2, "seq", 8);
}
