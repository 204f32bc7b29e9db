using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Ir.Evaluation;

/// <summary>Every operator that is evaluated gives what ONNX Runtime gives, bit for bit where no transcendental function is involved.</summary>
[TestClass]
public sealed class FoldingOracleTests
{
    private const double Rounding = 1e-6, HalfRounding = 1e-3;

    public static IEnumerable<object[]> Cases =>
    [
        Case("causal mask", g => g.Op("Where", g.Op("LessOrEqual", Column(g, 5), Row(g, 5)), g.Scalar("zero", Float, 0), g.Scalar("low", Float, float.NegativeInfinity)), Float),
        Case("sliding window", g => g.Op("And", g.Op("LessOrEqual", Column(g, 6), Row(g, 6)), g.Op("Greater", Column(g, 6), g.Op("Sub", Row(g, 6), g.Integers("w", 3)))), Bool),
        Case("or, not, xor", g => g.Op("Xor", g.Op("Not", Bits(g, "a", 1, 0, 1)), g.Op("Or", Bits(g, "b", 0, 0, 1), Bits(g, "c", 0, 1, 1))), Bool),
        Case("equal", g => g.Op("Equal", g.Integers("a", 1, 2, 3), g.Integers("b", 2)), Bool),
        Case("less than, floats", g => g.Op("Less", Table(g, "a", 3), g.Scalar("half", Float, 0.5)), Bool),
        Case("trilu, upper", g => g.Node("Trilu", [Table(g, "a", 4, 5), g.Scalar("k", DataType.Int64, 1)])[0], Float),
        Case("trilu, lower", g => g.Node("Trilu", [Table(g, "a", 2, 4, 4)], [("upper", 0)])[0], Float),
        Case("running sum of a mask", g => g.Op("CumSum", g.Integers("m", 1, 1, 0, 1), g.Scalar("axis", DataType.Int64, 0)), DataType.Int64),
        Case("running sum, exclusive and reversed", g => g.Node("CumSum", [Table(g, "a", 2, 3), g.Scalar("axis", DataType.Int64, -1)], [("exclusive", 1), ("reverse", 1)])[0], Float, Rounding),
        Case("rotary table", g => g.Op("Cos", g.Op("MatMul", Table(g, "f", 4, 1), g.Cast(g.Op("Unsqueeze", Row(g, 6), g.Integers("at", 0)), Float))), Float, Rounding),
        Case("rotary table by einsum", g => g.Op("Sin", g.Node("Einsum", [g.Cast(Row(g, 6), Float), Table(g, "f", 4)], [("equation", "i,j->ij")])[0]), Float, Rounding),
        Case("einsum with a sum", g => g.Node("Einsum", [Table(g, "a", 2, 3), Table(g, "b", 3, 4)], [("equation", "ik,kj->ji")])[0], Float, Rounding),
        Case("timestep frequencies", g => g.Op("Exp", g.Op("Mul", g.Cast(Row(g, 8), Float), g.Scalar("c", Float, -0.6))), Float, Rounding),
        Case("half precision rounds once", g => g.Op("Div", g.Cast(Table(g, "a", 7), Float16), g.Scalar("three", Float16, 3)), Float16, HalfRounding),
        Case("half precision functions", g => g.Op("Sqrt", g.Op("Abs", g.Cast(Table(g, "a", 7), Float16))), Float16, HalfRounding),
        Case("mean", g => g.Op("ReduceMean", Table(g, "a", 3, 4), g.Integers("axes", 1)), Float, Rounding),
        Case("sum of integers over all", g => g.Node("ReduceSum", [g.Integers("a", 4, 5, 6)], [("keepdims", 0)])[0], DataType.Int64),
        Case("largest of columns", g => g.Node("ReduceMax", [Table(g, "a", 3, 4), g.Integers("axes", 0)], [("keepdims", 0)])[0], Float),
        Case("product and norm", g => g.Op("Add", g.Op("ReduceProd", Table(g, "a", 4), g.Integers("x", 0)), g.Op("ReduceL2", Table(g, "b", 4), g.Integers("y", 0))), Float, Rounding),
        Case("position of the largest", g => g.Node("ArgMax", [Table(g, "a", 3, 4)], [("axis", 1)])[0], DataType.Int64),
        Case("position of the least", g => g.Node("ArgMin", [Table(g, "a", 3, 4)], [("axis", 0), ("keepdims", 0)])[0], DataType.Int64),
        Case("gather of tuples", g => g.Op("GatherND", Table(g, "a", 3, 4, 2), g.Initializer("i", DataType.Int64, [2, 2], 0, 3, 2, -1)), Float),
        Case("gather of tuples by batch", g => g.Node("GatherND", [Table(g, "a", 2, 3, 2), g.Initializer("i", DataType.Int64, [2, 1], 1, 2)], [("batch_dims", 1)])[0], Float),
        Case("gather of elements", g => g.Node("GatherElements", [Table(g, "a", 2, 3), g.Initializer("i", DataType.Int64, [2, 2], 0, -1, 1, 0)], [("axis", 1)])[0], Float),
        Case("gather in the middle", g => g.Node("Gather", [Table(g, "a", 2, 3, 4), g.Initializer("i", DataType.Int64, [2, 2], 0, 2, -1, 1)], [("axis", 1)])[0], Float),
        Case("scatter of rows", g => g.Op("ScatterND", Table(g, "a", 4, 3), g.Initializer("i", DataType.Int64, [2, 1], 3, 1), Table(g, "u", 2, 3)), Float),
        Case("scatter with a sum", g => g.Node("ScatterND", [Table(g, "a", 4), g.Initializer("i", DataType.Int64, [3, 1], 3, 1, 3), Table(g, "u", 3)], [("reduction", "add")])[0], Float, Rounding),
        Case("scatter of elements", g => g.Node("ScatterElements", [Table(g, "a", 2, 3), g.Initializer("i", DataType.Int64, [1, 2], 2, -3), Table(g, "u", 1, 2)], [("axis", 1)])[0], Float),
        Case("non-zero", g => g.Op("NonZero", g.Initializer("a", DataType.Int64, [2, 3], 0, 4, 0, 5, 0, 6)), DataType.Int64),
        Case("one-hot", g => g.Op("OneHot", g.Integers("i", 2, 0, -1), g.Scalar("depth", DataType.Int64, 4), g.Initializer("values", Float, [2], -1, 1)), Float),
        Case("one-hot in front", g => g.Node("OneHot", [g.Integers("i", 2, 0), g.Scalar("depth", DataType.Int64, 3), g.Initializer("values", Float, [2], 0, 1)], [("axis", 0)])[0], Float),
        Case("diagonal", g => g.Node("EyeLike", [Table(g, "a", 3, 4)], [("k", 1)])[0], Float),
        Case("tile", g => g.Op("Tile", Table(g, "a", 2, 3), g.Integers("r", 2, 3)), Float),
        Case("pad", g => g.Op("Pad", Table(g, "a", 2, 3), g.Integers("p", 1, 0, 2, 1), g.Scalar("with", Float, 7)), Float),
        Case("slice backwards", g => g.Op("Slice", g.Integers("a", 1, 2, 3, 4, 5), g.Integers("s", -1), g.Integers("e", long.MinValue), g.Integers("x", 0), g.Integers("step", -2)), DataType.Int64),
        Case("every other column", g => g.Op("Slice", Table(g, "a", 2, 6), g.Integers("s", 1), g.Integers("e", long.MaxValue), g.Integers("x", 1), g.Integers("step", 2)), Float),
        Case("uneven split", g => g.Node("Split", [Table(g, "a", 2, 5), g.Integers("s", 2, 3)], [("axis", 1)], ["left", "right"])[1], Float),
        Case("flatten", g => g.Node("Flatten", [Table(g, "a", 2, 3, 4)], [("axis", 2)])[0], Float),
        Case("clip", g => g.Op("Clip", Table(g, "a", 5), g.Scalar("low", Float, -0.5), g.Scalar("high", Float, 0.25)), Float),
        Case("modulo of negatives", g => g.Op("Mod", g.Integers("a", -7, 7, -1), g.Integers("b", 3)), DataType.Int64),
        Case("remainder of floats", g => g.Node("Mod", [Table(g, "a", 6), g.Scalar("b", Float, 0.75)], [("fmod", 1)])[0], Float, Rounding),
        Case("casts", g => g.Cast(g.Cast(g.Cast(Table(g, "a", 6), Float16), DataType.Int32), Bool), Bool),
        Case("cast to bytes", g => g.Cast(g.Cast(g.Initializer("a", Float, [3], 3.7, 200, 0), Uint8), Int8), Int8),
        Case("integer powers and powers of floats", g => g.Op("Pow", Table(g, "a", 4), g.Integers("e", 2)), Float, Rounding),
        Case("infinities", g => g.Op("IsInf", g.Initializer("a", Float, [3], double.PositiveInfinity, 1, double.NegativeInfinity)), Bool),
        Case("not a number", g => g.Op("IsNaN", g.Initializer("a", Float, [2], double.NaN, 1)), Bool),
        Case("several addends", g => g.Op("Sum", Table(g, "a", 3), Table(g, "b", 3), Table(g, "c", 3)), Float, Rounding),
        Case("rounding and signs", g => g.Op("Add", g.Op("Round", Table(g, "a", 9)), g.Op("Sign", Table(g, "b", 9))), Float),
    ];

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void FoldsToWhatOnnxRuntimeComputes(string name, Func<GraphBuilder, string> formula, DataType type, double tolerance)
    {
        var original = Model(formula, type);
        var folded = ModelTests.Canonical(Model(formula, type));
        Assert.AreEqual(0, folded.Graph.Nodes.Count, $"{name}: {GraphText.Of(folded)}");
        Oracle.AssertSame(original, folded, tolerance);
    }

    private static object[] Case(string name, Func<GraphBuilder, string> formula, DataType type, double tolerance = 0) => [name, formula, type, tolerance];

    private static OnnxModel Model(Func<GraphBuilder, string> formula, DataType type)
    {
        var g = new GraphBuilder();
        var value = formula(g);
        var shape = g.Build().Graph.Find(value)!.Shape!.Static()!;
        g.Output(value, type, [.. shape.Cast<object>()]);
        return g.Build();
    }

    private static string Row(GraphBuilder g, long n) =>
        g.Op("Range", g.Scalar($"from{Count++}", DataType.Int64, 0), g.Scalar($"to{Count++}", DataType.Int64, n), g.Scalar($"by{Count++}", DataType.Int64, 1));

    private static string Column(GraphBuilder g, long n) => g.Op("Unsqueeze", Row(g, n), g.Integers($"at{Count++}", 1));

    private static string Table(GraphBuilder g, string name, params long[] dims) =>
        g.Initializer(name, Float, dims, [.. Enumerable.Range(0, (int)dims.Aggregate(1L, (n, d) => n * d)).Select(i => Math.Sin(1 + i * 1.7 + name[0]))]);

    private static string Bits(GraphBuilder g, string name, params double[] bits) => g.Initializer(name, Bool, [bits.Length], bits);

    [ThreadStatic]
    private static int Count;
}
