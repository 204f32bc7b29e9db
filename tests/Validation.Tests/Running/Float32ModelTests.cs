namespace FlashRt.Validation.Tests.Running;

[TestClass]
public class Float32ModelTests
{
    [TestMethod]
    public void EveryNarrowFloatBecomesFloat32()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Bfloat16, 2);
        var w = g.Initializer("w", DataType.Float16, [2], 1.5, -2);
        var sum = g.Op("Add", g.Cast(x, DataType.Float16), w);
        g.Note(sum, DataType.Float16, 2);
        var constant = g.Node("Constant", [], [("value", ConstantTensor.From(DataType.Bfloat16, [1], [3.0]).ToProto("c"))])[0];
        var filled = g.Node("ConstantOfShape", [g.Integers("shape", 2)], [("value", ConstantTensor.From(DataType.Float16, [1], [0.5]).ToProto("v"))])[0];
        var more = g.Op("Add", g.Op("Mul", sum, g.Cast(constant, DataType.Float16)), filled);
        g.Output(more, DataType.Float16, 2);

        var wide = Float32Model.Of(g.Build());
        Assert.IsFalse(wide.Graph.Values.Any(v => v.Type is DataType.Float16 or DataType.Bfloat16), "no narrow value is left");
        CollectionAssert.AreEqual(new[] { 1.5, -2.0 }, wide.Graph.Find("w")!.Constant!.ReadAsDouble());
        // (x + w) * 3 + 0.5 for x = (1, 1), with x given as bfloat16.
        var report = Validator.Validate(g.Build(), wide, new ValidationOptions { Data = [new TestDataSet("one",
            new Dictionary<string, HostTensor> { ["x"] = HostTensor.Of<float>([2], [1, 1]).Cast(DataType.Bfloat16) },
            new Dictionary<string, HostTensor> { [more] = HostTensor.Of<float>([2], [8, -2.5f]) })] });
        Assert.IsTrue(report.Passed, report.ToJson());
        Assert.HasCount(1, report.Recorded);
    }

    [TestMethod]
    public void FunctionsAndTheirAttributesAreWidenedToo()
    {
        var function = new FunctionProto { Domain = "d", Name = "F", Input = { "a" }, Output = { "b" } };
        function.OpsetImport.Add(new OperatorSetIdProto { Version = 18 });
        function.Node.Add(new NodeProto { OpType = "Cast", Input = { "a" }, Output = { "b" }, Attribute = { Attributes.Make("to", (long)DataType.Float16) } });
        var g = new GraphBuilder().Import("d", 1).Function(function);
        g.Output(g.Op("d::F", g.Input("x", DataType.Float, 1)), DataType.Float16, 1);
        var wide = Float32Model.Of(g.Build());
        Assert.AreEqual((long)DataType.Float, wide.Proto.Functions.Single().Node.Single().Attribute.Single().I);
        Assert.AreEqual((int)DataType.Float, wide.Proto.Graph.Output.Single().Type.TensorType.ElemType);
    }

    [TestMethod]
    public void TheOriginalStaysAsItIs()
    {
        var model = Models.Gemma;
        var before = model.Proto.Clone();
        Float32Model.Of(model);
        Assert.AreEqual(before, model.Proto);
    }
}
