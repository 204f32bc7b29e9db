using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Ir.Evaluation;

[TestClass]
public sealed class ConstantEvaluatorTests
{
    public static IEnumerable<object[]> Cases =>
    [
        ["one plus weight", (GraphBuilder g) => g.Op("Add", g.Scalar("one", Float, 1), g.Initializer("w", Float, [2], 0.5, -1)), "float32[2] 1.5 0"],
        ["rounds to float16", (GraphBuilder g) => g.Cast(g.Scalar("x", Float, 0.1), Float16), "float16[] 0.0999755859375"],
        ["rounds to bfloat16", (GraphBuilder g) => g.Cast(g.Scalar("x", Float, 0.1), Bfloat16), "bfloat16[] 0.10009765625"],
        ["broadcast", (GraphBuilder g) => g.Op("Mul", g.Initializer("a", Float, [2, 1], 1, 2), g.Initializer("b", Float, [1, 3], 3, 4, 5)), "float32[2,3] 3 4 5 6 8 10"],
        ["integer division truncates", (GraphBuilder g) => g.Op("Div", g.Integers("a", -7, 7), g.Integers("b", 2)), "int64[2] -3 3"],
        ["range", (GraphBuilder g) => g.Op("Range", g.Scalar("s", DataType.Int64, 2), g.Scalar("e", DataType.Int64, 9), g.Scalar("d", DataType.Int64, 3)), "int64[3] 2 5 8"],
        ["slice, clamped", (GraphBuilder g) => g.Op("Slice", g.Integers("x", 1, 2, 3, 4), g.Integers("s", 2), g.Integers("e", long.MaxValue)), "int64[2] 3 4"],
        ["slice of columns", (GraphBuilder g) => g.Op("Slice", g.Initializer("x", Float, [2, 3], 1, 2, 3, 4, 5, 6), g.Integers("s", -2), g.Integers("e", 3), g.Integers("a", 1)), "float32[2,2] 2 3 5 6"],
        ["concat of columns", (GraphBuilder g) => g.Node("Concat", [g.Initializer("x", Float, [2, 1], 1, 2), g.Initializer("y", Float, [2, 2], 3, 4, 5, 6)], [("axis", 1)])[0], "float32[2,3] 1 3 4 2 5 6"],
        ["gather of rows", (GraphBuilder g) => g.Op("Gather", g.Initializer("x", Float, [3, 2], 1, 2, 3, 4, 5, 6), g.Integers("i", 2, 0)), "float32[2,2] 5 6 1 2"],
        ["gather of columns, from the end", (GraphBuilder g) => g.Node("Gather", [g.Initializer("x", Float, [2, 3], 1, 2, 3, 4, 5, 6), g.Integers("i", -1)], [("axis", 1)])[0], "float32[2,1] 3 6"],
        ["transpose", (GraphBuilder g) => g.Node("Transpose", [g.Initializer("x", Float, [2, 3], 1, 2, 3, 4, 5, 6)], [("perm", new long[] { 1, 0 })])[0], "float32[3,2] 1 4 2 5 3 6"],
        ["reshape with a free axis", (GraphBuilder g) => g.Op("Reshape", g.Integers("x", 1, 2, 3, 4), g.Integers("s", 2, -1)), "int64[2,2] 1 2 3 4"],
        ["expand", (GraphBuilder g) => g.Op("Expand", g.Integers("x", 7), g.Integers("s", 2, 2)), "int64[2,2] 7 7 7 7"],
        ["constant of shape", (GraphBuilder g) => g.Op("ConstantOfShape", g.Integers("s", 3)), "float32[3] 0 0 0"],
        ["shape of a known input, halved", (GraphBuilder g) => g.Op("Div", g.Op("Gather", g.Op("Shape", g.Input("x", Float, 2, 64)), g.Scalar("i", DataType.Int64, -1)), g.Scalar("two", DataType.Int64, 2)), "int64[] 32"],
        ["unknown size", (GraphBuilder g) => g.Op("Shape", g.Input("x", Float, "n", 64)), "none"],
        ["from an input", (GraphBuilder g) => g.Op("Neg", g.Input("x", Float, 2)), "none"],
        ["too large", (GraphBuilder g) => g.Op("ConstantOfShape", g.Integers("s", 1L << 40)), "none"],
        ["division by zero", (GraphBuilder g) => g.Op("Div", g.Integers("a", 1), g.Integers("b", 0)), "none"],
    ];

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Computes(string name, Func<GraphBuilder, string> formula, string expected)
    {
        var g = new GraphBuilder();
        var value = formula(g);
        g.Output(value, Undefined);
        var constant = g.Build().Graph.Find(value)!.Constant;
        Assert.AreEqual(expected, constant is null ? "none" : $"{constant} {string.Join(' ', constant.ReadAsDouble())}", name);
    }

    [TestMethod]
    public void TypedFieldsReadAsRawDataDoes()
    {
        var half = new TensorProto { DataType = (int)Float16 };
        half.Dims.Add(2);
        half.Int32Data.Add([0x3C00, 0xC000]);
        CollectionAssert.AreEqual(new[] { 1.0, -2.0 }, ConstantTensor.Of(half)!.ReadAsDouble());
    }

    [TestMethod]
    public void Bfloat16RoundsToEvenAndKeepsNaN()
    {
        Assert.AreEqual(0x3F80, BFloat16.FromSingle(1 + 1f / 256));
        Assert.AreEqual(0x3F82, BFloat16.FromSingle(1 + 3f / 256));
        Assert.IsTrue(float.IsNaN(BFloat16.ToSingle(BFloat16.FromSingle(float.NaN))));
    }
}
