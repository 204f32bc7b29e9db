using FlashRt.TestKit;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Passes.Canonical;

/// <summary>Each canonical pass: what it makes of a graph, that ONNX Runtime computes the same, and what it leaves alone.</summary>
[TestClass]
public sealed class CanonicalTests
{
    private static readonly double[] Inf = [double.NegativeInfinity];

    public static IEnumerable<object[]> Cases =>
    [
        // No-ops
        Case("identity", g => g.Op("Neg", g.Op("Identity", X(g))), "Neg"),
        Case("identity at the end", g => g.Op("Identity", g.Op("Neg", X(g))), "Neg"),
        Case("identity of an input is the output", g => g.Op("Identity", X(g)), "Identity"),
        Case("cast to the same type", g => g.Op("Neg", g.Cast(X(g), Float)), "Neg"),
        Case("reshape to the same shape", g => g.Op("Neg", g.Op("Reshape", X(g), g.Integers("s", 2, -1, 4))), "Neg"),
        Case("reshape to another shape stays", g => g.Op("Neg", g.Op("Reshape", X(g), g.Integers("s", 6, 4))), "Reshape Neg"),
        Case("transpose that moves nothing", g => g.Op("Neg", g.Node("Transpose", [X(g)], [("perm", new long[] { 0, 1, 2 })])[0]), "Neg"),
        Case("expand to the same shape", g => g.Op("Neg", g.Op("Expand", X(g), g.Integers("s", 1, 3, 1))), "Neg"),
        Case("expand that repeats stays", g => g.Op("Neg", g.Op("Expand", X(g), g.Integers("s", 2, 2, 3, 4))), "Expand Neg"),
        Case("slice of everything", g => g.Op("Neg", g.Op("Slice", X(g), g.Integers("s", 0), g.Integers("e", long.MaxValue), g.Integers("a", 1))), "Neg"),
        Case("slice backwards stays", g => g.Op("Neg", g.Op("Slice", X(g), g.Integers("s", -1), g.Integers("e", long.MinValue), g.Integers("a", 1), g.Integers("t", -1))), "Slice Neg"),
        Case("dropout", g => g.Op("Neg", g.Op("Dropout", X(g))), "Neg"),
        Case("concat of one", g => g.Op("Neg", g.Node("Concat", [X(g)], [("axis", 1)])[0]), "Neg"),
        Case("concat with nothing", g => g.Op("Neg", g.Node("Concat", [g.Initializer("none", Float, [2, 0, 4]), X(g)], [("axis", 1)])[0]), "Neg"),
        Case("concat with nothing in between", g => g.Node("Concat", ["x", g.Initializer("none", Float, [2, 0, 4]), "x"], [("axis", 1)])[0], "Concat"),
        Case("times one, plus zero, over one", g => g.Op("Neg", g.Op("Div", g.Op("Add", g.Op("Mul", X(g), g.Scalar("one", Float, 1)), g.Scalar("zero", Float, 0)), g.Scalar("o", Float, 1))), "Neg"),
        Case("times a vector of ones is a weight", g => g.Op("Neg", g.Op("Mul", X(g), g.Initializer("w", Float, [4], 1, 1, 1, 1))), "Mul Neg"),
        Case("plus a zero that widens stays", g => g.Op("Neg", g.Op("Add", X(g), g.Initializer("zero", Float, [1, 1, 1, 1], 0))), "Add Neg"),
        Case("where with one answer", g => g.Op("Neg", g.Op("Where", g.Initializer("c", Bool, [1], 1), X(g), g.Scalar("n", Float, 5))), "Neg"),
        Case("where with two answers stays", g => g.Op("Neg", g.Op("Where", g.Initializer("c", Bool, [4], 1, 0, 1, 1), X(g), g.Scalar("n", Float, 5))), "Where Neg"),
        Case("tile once and pad by nothing", g => g.Op("Neg", g.Op("Tile", g.Op("Pad", X(g), g.Integers("p", 0, 0, 0, 0, 0, 0)), g.Integers("r", 1, 1, 1))), "Neg"),

        // Casts
        Case("there and back", g => g.Op("Neg", g.Cast(g.Cast(X(g), DataType.Double), Float)), "Neg"),
        Case("back and there rounds", g => g.Op("Neg", g.Cast(g.Cast(X(g), Float16), Float)), "Cast Cast Neg"),
        Case("two widenings", g => g.Op("Neg", g.Cast(g.Cast(g.Cast(X(g), Float16), Float), DataType.Double)), "Cast Cast Neg", DataType.Double),
        Case("bool through integers", g => g.Op("Neg", g.Cast(g.Cast(g.Op("Less", X(g), g.Scalar("n", Float, 0)), DataType.Int32), Float)), "Less Cast Neg"),

        Case("a test for NaN behind a cast", g => g.Cast(g.Op("IsNaN", g.Cast(g.Op("Sqrt", X(g)), Float16)), Float), "Sqrt IsNaN Cast"),
        Case("widened parts of a split whole", g => { var h = g.Cast(X(g), Float16); var p = g.Node("Split", [h], [("axis", 2), ("num_outputs", 2)], ["a", "b"]); return g.Op("Add", g.Cast(h, Float), g.Node("Concat", [g.Cast(p[1], Float), g.Cast(p[0], Float)], [("axis", 2)])[0]); }, "Cast Cast Split Split Concat Add"),

        // Transposes
        Case("transpose there and back", g => g.Op("Neg", T(g, T(g, X(g), 0, 2, 1), 0, 2, 1)), "Neg"),
        Case("two transposes", g => g.Op("Neg", T(g, T(g, X(g), 1, 0, 2), 2, 1, 0)), "Transpose Neg"),
        Case("the first transpose is read elsewhere", g => { var t = T(g, X(g), 1, 0, 2); return g.Op("MatMul", t, T(g, t, 0, 2, 1)); }, "Transpose Transpose MatMul"),

        Case("a transpose of axes of one element", g => g.Op("Neg", T(g, g.Op("Slice", X(g), g.Integers("s", 0), g.Integers("e", 1), g.Integers("a", 1)), 1, 0, 2)), "Slice Reshape Neg"),
        Case("a transpose of rows before a product with a weight goes behind it", g => g.Op("Neg", g.Op("MatMul", T(g, X(g), 1, 0, 2), Weight(g))), "MatMul Transpose Neg"),
        Case("a reshape of rows before a product and a bias goes behind both", g => g.Op("Neg", g.Op("Add", g.Initializer("b", Float, [5], 1, 2, 3, 4, 5), g.Op("MatMul", g.Op("Reshape", X(g), g.Integers("s", 6, 4)), Weight(g)))), "MatMul Add Reshape Neg"),
        Case("a transpose of columns before a product stays", g => g.Op("Neg", g.Op("MatMul", T(g, X(g), 0, 2, 1), g.Initializer("w", Float, [3, 2], 1, 2, 3, 4, 5, 6))), "Transpose MatMul Neg"),
        Case("a transpose of rows before a computed matrix stays", g => g.Op("Neg", g.Op("MatMul", T(g, X(g), 1, 0, 2), g.Input("w", Float, 4, 5))), "Transpose MatMul Neg"),
        Case("a reshape of columns before a product stays", g => g.Op("Neg", g.Op("MatMul", g.Op("Reshape", X(g), g.Integers("s", 12, 2)), g.Initializer("w", Float, [2, 2], 1, 2, 3, 4))), "Reshape MatMul Neg"),

        // Reshapes
        Case("reshape there and back", g => g.Op("Neg", g.Op("Squeeze", g.Op("Unsqueeze", X(g), g.Integers("a", 0)), g.Integers("b", 0))), "Neg"),
        Case("two reshapes", g => g.Op("Neg", g.Op("Reshape", g.Op("Unsqueeze", X(g), g.Integers("a", 0)), g.Integers("s", 4, 6))), "Reshape Neg"),
        Case("squeeze and flatten", g => g.Op("Neg", g.Node("Flatten", [g.Op("Unsqueeze", X(g), g.Integers("a", 3))], [("axis", 1)])[0]), "Reshape Neg"),
        Case("the reshape in between is read elsewhere", g => { var u = g.Op("Unsqueeze", X(g), g.Integers("a", 0)); return g.Op("Add", u, g.Op("Reshape", u, g.Integers("s", 24, 1, 1, 1))); }, "Unsqueeze Reshape Add"),

        // Gathers
        Case("gather of everything in order", g => g.Op("Neg", g.Op("GatherND", Row(g), Indices(g, [1, 1, 3, 1, 2], 0, 0, 0, 1, 0, 2))), "Reshape Neg"),
        Case("gather that repeats a row", g => g.Op("Neg", g.Op("GatherND", Row(g), Indices(g, [2, 3, 2], 0, 0, 0, 1, 0, 2, 0, 0, 0, 1, 0, -1))), "Expand Neg"),
        Case("gather that repeats a column", g => g.Op("Neg", g.Op("GatherND", Row(g), Indices(g, [3, 2, 2], 0, 0, 0, 0, 0, 1, 0, 1, 0, 2, 0, 2))), "Reshape Expand Neg"),
        Case("gather backwards", g => g.Op("Neg", g.Op("GatherND", Row(g), Indices(g, [3, 2], 0, 2, 0, 1, 0, 0))), "Reshape Gather Neg"),
        Case("gather of a part", g => g.Op("Neg", g.Op("GatherND", Row(g), Indices(g, [2, 2], 0, 0, 0, 1))), "Reshape Slice Neg"),
        Case("gather in order but for one", g => g.Op("Neg", g.Op("GatherND", Row(g), Indices(g, [2, 3, 2], 0, 0, 0, 1, 0, 2, 0, 0, 0, 1, 0, 1))), "Reshape Gather Neg"),
        Case("gather of rows in order", g => g.Op("Neg", g.Op("GatherND", X(g), Indices(g, [1, 1], -1))), "Slice Neg"),
        Case("gather of rows", g => g.Op("Neg", g.Op("GatherND", X(g), Indices(g, [2, 2, 1], 1, 0, 0, 1))), "Gather Neg"),
        Case("gather of entries of two axes", g => g.Op("Neg", g.Op("GatherND", X(g), Indices(g, [2, 2], 1, 2, 0, -1))), "Reshape Gather Neg"),
        Case("gather by computed rows", g => g.Op("Neg", g.Op("GatherND", X(g), g.Input("rows", DataType.Int64, 3, 1))), "Squeeze Gather Neg"),
        Case("gather by computed tuples stays", g => g.Op("Neg", g.Op("GatherND", X(g), g.Input("tuples", DataType.Int64, 3, 2))), "GatherND Neg"),
        Case("gather with a batch axis stays", g => g.Op("Neg", g.Node("GatherND", [X(g), Indices(g, [2, 1], 0, 1)], [("batch_dims", 1)])[0]), "GatherND Neg"),

        // Masked writes
        Case("a number where a mask is set", g => Written(g, Low(g), (set, count) => g.Op("Expand", g.Scalar("v", Float, 5), count)), "Less Where Neg"),
        Case("a number where a mask of rows is set", g => Written(g, Rows(g), (set, count) => g.Op("Expand", g.Scalar("v", Float, 5), g.Node("Concat", [count, g.Integers("w", 4)], [("axis", 0)])[0])), "Unsqueeze Where Neg"),
        Case("a row where a mask of rows is set stays", g => Written(g, Rows(g), (set, count) => g.Op("Expand", g.Initializer("v", Float, [4], 5, 6, 7, 8), g.Node("Concat", [count, g.Integers("w", 4)], [("axis", 0)])[0])), "NonZero Transpose Shape Slice Concat Expand ScatterND Neg"),
        Case("entries where a mask is set", g => Written(g, Low(g), (set, count) => Entries(g, count, 24)), "Less Reshape Cast CumSum Add Reshape Gather Where Neg"),
        Case("rows where a mask is set", g => Written(g, Wide(g), (set, count) => Entries(g, count, 24)), "Unsqueeze Reshape Reshape Cast CumSum Add Reshape Gather Where Neg"),
        Case("entries where a mask is set, not of whole rows", g => Written(g, Wide(g), (set, count) => Entries(g, count, 25)), "Unsqueeze Expand Reshape Cast CumSum Add Reshape Gather Where Neg"),
        Case("entries added where a mask is set stay", g => Written(g, Low(g), (set, count) => Entries(g, count, 24), "add"), "Less NonZero Transpose Shape Slice Slice ScatterND Neg"),
        Case("entries at places from elsewhere stay", g => g.Op("Neg", g.Op("ScatterND", X(g), g.Initializer("places", DataType.Int64, [2, 3], 0, 1, 2, 1, 1, 1), g.Input("entries", Float, 2))), "ScatterND Neg"),

        // NaN guards
        Case("guard without a mask", g => Guard(g, Scores(g)), "Transpose MatMul Mul Softmax"),
        Case("guard under a causal mask", g => Guard(g, g.Op("Add", Scores(g), Mask(g, 3))), "Transpose MatMul Mul Add Softmax"),
        Case("guard under a mask of bools", g => Guard(g, g.Op("Where", g.Initializer("keep", Bool, [3, 3], 1, 0, 0, 1, 1, 0, 0, 0, 1), Scores(g), g.Initializer("low", Float, [1], Inf))), "Transpose MatMul Mul Where Softmax"),
        Case("a row is hidden: the guard stays", g => Guard(g, g.Op("Add", Scores(g), g.Initializer("m", Float, [3], [.. Inf, .. Inf, .. Inf]))), "Transpose MatMul Mul Add Softmax IsNaN Where"),
        Case("a mask from outside: the guard stays", g => Guard(g, g.Op("Add", Scores(g), g.Input("mask", Float, 3, 3))), "Transpose MatMul Mul Add Softmax IsNaN Where"),
        Case("a guard that fills in another number stays", g => Guard(g, Scores(g), 1), "Transpose MatMul Mul Softmax IsNaN Where"),

        // Constants
        Case("one plus a weight", g => g.Op("Mul", X(g), g.Op("Add", g.Scalar("one", Float, 1), g.Initializer("w", Float, [4], 1, 2, 3, 4))), "Mul"),
        Case("constant nodes become stored tensors", g => g.Op("Mul", X(g), g.Node("Constant", [], [("value_float", 2f)])[0]), "Mul"),
        Case("sizes of a static input", g => g.Op("Reshape", X(g), g.Node("Concat", [g.Op("Slice", g.Op("Shape", X(g)), g.Integers("s", 2), g.Integers("e", 3)), g.Integers("r", -1)], [("axis", 0)])[0]), "Reshape"),
    ];

    public static IEnumerable<object[]> Softmaxes =>
    [
        Case("softmax written out", g => { var (e, x) = Exponential(g, 2); return g.Op("MatMul", g.Op("Div", e, Sum(g, e, 2)), Weight(g)); }, "Neg Softmax MatMul"),
        Case("softmax written out over another axis, guarded", g => { var (e, x) = Exponential(g, 1); var p = g.Op("Div", e, Sum(g, e, 1)); return g.Op("MatMul", g.Op("Where", g.Op("IsNaN", p), g.Scalar("zero", Float, 0), p), Weight(g)); }, "Neg Softmax IsNaN Where MatMul"),
        Case("softmax written out over two axes stays", g => { var (e, x) = Exponential(g, 2); return g.Op("MatMul", g.Op("Div", e, Sum(g, e, 1)), Weight(g)); }, "Neg ReduceMax Sub Exp ReduceSum Div MatMul"),
        Case("a quotient by another sum stays", g => { var (e, x) = Exponential(g, 2); return g.Op("MatMul", g.Op("Div", e, Sum(g, g.Op("Exp", x), 2)), Weight(g)); }, "Neg ReduceMax Sub Exp Exp ReduceSum Div MatMul"),
        Case("softmax written out that weighs nothing stays", g => { var (e, x) = Exponential(g, 2); return g.Op("Div", e, Sum(g, e, 2)); }, "Neg ReduceMax Sub Exp ReduceSum Div"),
    ];

    /// <summary>ONNX Runtime's Softmax and the quotient of its kernels differ by a rounding.</summary>
    [TestMethod]
    public void TheDocumentListsThePassesInOrder() => CollectionAssert.AreEqual(
        DefaultPipeline.Canonical.Select(p => p.Name).ToArray(),
        File.ReadLines(Repository.PathOf("docs", "canonical-form.md")).SkipWhile(l => !l.StartsWith("| pass |")).Skip(2).TakeWhile(l => l.StartsWith('|'))
            .Select(l => l.Split('|')[1].Trim()).ToArray());

    [TestMethod]
    [DynamicData(nameof(Softmaxes))]
    public void SoftmaxGivesAndComputes(string name, Func<GraphBuilder, string> formula, string ops, DataType type)
    {
        var model = ModelTests.Canonical(Model(formula, type));
        Assert.AreEqual(ops, string.Join(' ', model.Graph.Nodes.Select(n => n.OpType)), name);
        Oracle.AssertSame(Model(formula, type), model, 1e-6);
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void GivesAndComputes(string name, Func<GraphBuilder, string> formula, string ops, DataType type)
    {
        var original = Model(formula, type);
        var model = ModelTests.Canonical(Model(formula, type));
        Assert.AreEqual(ops, string.Join(' ', model.Graph.Nodes.Select(n => n.OpType)), name);
        Oracle.AssertSame(original, model);
        Assert.AreEqual(0, Rewriter.Rewrite(model, new RewriteOptions { Rules = [] }).Canonical.Count, "the second time something changed");
    }

    [TestMethod]
    [DataRow(new long[] { 1, 3, 4 }, true)]
    [DataRow(new long[] { 1, 1, 3, 4 }, true)]
    [DataRow(new long[] { 2, 3, 4 }, false)]
    [DataRow(new long[] { 1, 1, 4 }, false)]
    public void AStoredMatrixTakesTheAxesOfTheOneBatchItIsAddedTo(long[] dims, bool aligned)
    {
        OnnxModel Sum()
        {
            var g = new GraphBuilder();
            var matrix = g.Initializer("c", Float, [3, 4], [.. Enumerable.Range(0, 12).Select(i => i - 5.5)]);
            g.Output(g.Op("Add", matrix, g.Input("x", Float, [.. dims.Cast<object>()])), Float, [.. dims[..^2].Cast<object>(), 3, 4]);
            return g.Build();
        }
        var model = ModelTests.Canonical(Sum());
        var addend = model.Graph.Nodes.Single().Inputs.Single(i => i!.Initializer is not null)!;
        Assert.AreEqual(string.Join(',', aligned ? dims : [3, 4]), string.Join(',', addend.Shape!.Static()!));
        Oracle.AssertSame(Sum(), model);
    }

    [TestMethod]
    public void EqualTensorsAreStoredOnce()
    {
        var g = new GraphBuilder();
        var (x, one) = (g.Input("x", Float, 3), g.Scalar("one", Float, 1));
        g.Output(g.Op("Mul", g.Op("Mul", x, g.Op("Add", one, one)), g.Op("Add", one, g.Scalar("other", Float, 1))), Float, 3);
        var model = ModelTests.Canonical(g.Build());
        Assert.AreEqual(model.Graph.Nodes[0].Input(1), model.Graph.Nodes[1].Input(1));
    }

    [TestMethod]
    public void LargeResultsAndWeightsStayWhereTheyAre()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Float, 1, 1024);
        var weight = g.Initializer("w", Float, [1024, 1024], new double[1024 * 1024]);
        g.Output(g.Op("MatMul", x, g.Op("Transpose", weight)), Float, 1, 1024);
        g.Output(g.Op("Expand", x, g.Integers("s", 8192, 1024)), Float, 8192, 1024);
        var model = ModelTests.Canonical(g.Build());
        Assert.AreEqual("Expand Transpose MatMul", string.Join(' ', model.Graph.Nodes.Select(n => n.OpType).Order(StringComparer.Ordinal).OrderBy(o => o == "MatMul")));
    }

    [TestMethod]
    public void AnotherShapeOfAnExternalWeightIsTheSameBytes()
    {
        var folder = Directory.CreateTempSubdirectory("flashrt-canonical-").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "weights.bin"), new byte[4 * 512 * 512]);
            var g = new GraphBuilder();
            var weight = g.Op("Reshape", g.Initializer("w", Float, [512, 512], new double[512 * 512]), g.Integers("s", 1, 512, 512));
            g.Output(g.Op("Mul", g.Input("x", Float, 1, 512, 512), weight), Float, 1, 512, 512);
            var proto = g.Build().Proto;
            var tensor = proto.Graph.Initializer.Single(t => t.Name == "w");
            tensor.ClearRawData();
            tensor.DataLocation = TensorProto.Types.DataLocation.External;
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = "weights.bin" });
            var model = new OnnxModel(proto, Path.Combine(folder, "model.onnx"));
            Rewriter.Rewrite(model, new RewriteOptions { Rules = [] });
            var stored = model.Graph.Nodes.Single().Input(1)!.Initializer!;
            Assert.AreEqual(TensorProto.Types.DataLocation.External, stored.DataLocation);
            CollectionAssert.AreEqual(new[] { 1L, 512, 512 }, stored.Dims.ToArray());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static object[] Case(string name, Func<GraphBuilder, string> formula, string ops, DataType type = Float) => [name, formula, ops, type];

    private static OnnxModel Model(Func<GraphBuilder, string> formula, DataType type)
    {
        var g = new GraphBuilder();
        g.Input("x", Float, 2, 3, 4);
        var value = formula(g);
        var shape = g.Build().Graph.Find(value)!.Shape!.Static()!;
        g.Output(value, type, [.. shape.Cast<object>()]);
        return g.Build();
    }

    private static string Row(GraphBuilder g) => g.Input("row", Float, 1, 3);

    private static string Indices(GraphBuilder g, long[] dims, params double[] places) => g.Initializer("indices", DataType.Int64, dims, places);

    private static string X(GraphBuilder g) => "x";

    private static string Weight(GraphBuilder g) => g.Initializer("w", Float, [4, 5], [.. Enumerable.Range(0, 20).Select(i => i % 7 - 3.0)]);

    private static string Low(GraphBuilder g) => g.Op("Less", X(g), g.Scalar("low", Float, 0));

    private static string Rows(GraphBuilder g) => g.Input("chosen", Bool, 2, 3);

    private static string Wide(GraphBuilder g) => g.Op("Expand", g.Op("Unsqueeze", Rows(g), g.Integers("last", 2)), g.Integers("wide", 2, 3, 4));

    private static string Written(GraphBuilder g, string mask, Func<string, string, string> updates, string reduction = "none")
    {
        var set = T(g, g.Op("NonZero", mask), 1, 0);
        var count = g.Op("Slice", g.Op("Shape", set), g.Integers("first", 0), g.Integers("second", 1));
        return g.Op("Neg", g.Node("ScatterND", [X(g), set, updates(set, count)], [("reduction", reduction)])[0]);
    }

    private static string Entries(GraphBuilder g, string count, int of) => g.Op("Slice", g.Input("entries", Float, of), g.Integers("start", 0), count, g.Integers("axis", 0));

    private static (string E, string X) Exponential(GraphBuilder g, long axis)
    {
        var x = g.Op("Neg", X(g));
        return (g.Op("Exp", g.Op("Sub", x, g.Node("ReduceMax", [x, g.Integers("max_axis", axis)], [("keepdims", 1)])[0])), x);
    }

    private static string Sum(GraphBuilder g, string x, long axis) => g.Node("ReduceSum", [x, g.Integers("sum_axis", axis)], [("keepdims", 1)])[0];

    private static string T(GraphBuilder g, string x, params long[] perm) => g.Node("Transpose", [x], [("perm", perm)])[0];

    private static string Scores(GraphBuilder g) => g.Op("Mul", g.Op("MatMul", X(g), T(g, X(g), 0, 2, 1)), g.Scalar("scale", Float, 0.5));

    private static string Mask(GraphBuilder g, int rows) => g.Initializer("mask", Float, [rows, rows],
        [.. Enumerable.Range(0, rows * rows).Select(i => i % rows <= i / rows ? 0 : double.NegativeInfinity)]);

    private static string Guard(GraphBuilder g, string scores, double otherwise = 0)
    {
        var p = g.Node("Softmax", [scores], [("axis", -1)])[0];
        return g.Op("Where", g.Op("IsNaN", p), g.Scalar("otherwise", Float, otherwise), p);
    }
}
