using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Passes.Canonical;

/// <summary>An If with a known condition is the branch that it takes, whatever the branch makes, stores or hands on.</summary>
[TestClass]
public sealed class InlineBranchesTests
{
    [TestMethod]
    [DataRow(1.0, "Neg Mul Sigmoid")]
    [DataRow(0.0, "Sigmoid")]
    public void TheBranchTakesThePlaceOfTheIf(double condition, string ops)
    {
        var model = ModelTests.Canonical(Model(g => g.Scalar("c", Bool, condition)));
        Assert.AreEqual(ops, string.Join(' ', model.Graph.Nodes.Select(n => n.OpType)));
        Oracle.AssertSame(Model(g => g.Scalar("c", Bool, condition)), model);
    }

    [TestMethod]
    public void SizesThatAreKnownDecide()
    {
        static string IsOne(GraphBuilder g) => g.Op("Equal", g.Op("Squeeze", g.Op("Slice", g.Op("Shape", "x"), g.Integers("s", 1), g.Integers("e", 2)), g.Integers("a", 0)), g.Scalar("one", DataType.Int64, 1));
        Assert.AreEqual("Sigmoid", string.Join(' ', ModelTests.Canonical(Model(IsOne)).Graph.Nodes.Select(n => n.OpType)));
    }

    [TestMethod]
    public void AConditionFromOutsideStays()
    {
        var model = Model(g => g.Input("c", Bool));
        Assert.IsTrue(ModelTests.Canonical(model).Graph.Nodes.Any(n => n.OpType == "If"));
    }

    // y = sigmoid(c ? -x · w : x), as TorchScript writes a squeeze of an axis of unknown size.
    private static OnnxModel Model(Func<GraphBuilder, string> condition)
    {
        var g = new GraphBuilder();
        g.Input("x", Float, 2, 3);
        var then = new GraphProto { Name = "then", Initializer = { ConstantTensor.From(Float, [3], [2.0, 3, 4]).ToProto("w") } };
        then.Node.Add(new NodeProto { OpType = "Neg", Name = "n", Input = { "x" }, Output = { "minus" } });
        then.Node.Add(new NodeProto { OpType = "Mul", Name = "m", Input = { "minus", "w" }, Output = { "product" } });
        then.Output.Add(Info("product"));
        var otherwise = new GraphProto { Name = "else", Node = { new NodeProto { OpType = "Identity", Input = { "x" }, Output = { "same" } } } };
        otherwise.Output.Add(Info("same"));
        var chosen = g.Node("If", [condition(g)], [("then_branch", then), ("else_branch", otherwise)], ["chosen"])[0];
        g.Output(g.Op("Sigmoid", chosen), Float, 2, 3);
        return g.Build();
    }

    private static ValueInfoProto Info(string name)
    {
        var type = new TypeProto.Types.Tensor { ElemType = (int)Float, Shape = new TensorShapeProto() };
        type.Shape.Dim.AddRange([new TensorShapeProto.Types.Dimension { DimValue = 2 }, new TensorShapeProto.Types.Dimension { DimValue = 3 }]);
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = type } };
    }
}
