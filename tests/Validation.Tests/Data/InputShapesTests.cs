namespace FlashRt.Validation.Tests.Data;

[TestClass]
public class InputShapesTests
{
    [TestMethod]
    public void SymbolsFollowTheGivenShape()
    {
        var shapes = Shapes(("ids", [2, 24]));
        Assert.AreEqual("2,24", shapes["ids"]);
        Assert.AreEqual("2,24", shapes["mask"]);
        Assert.AreEqual("2,40", shapes["total"]);
        Assert.AreEqual("2,16,4", shapes["past"]);
    }

    [TestMethod]
    public void DefaultsAreSmall()
    {
        var shapes = Shapes(("past", [1, 16, 4]));
        Assert.AreEqual("1,8", shapes["ids"]);
        Assert.AreEqual("1,24", shapes["total"]);
    }

    [TestMethod]
    public void MistakesAreNamed()
    {
        StringAssert.Contains(Error("x", 1), "has no input 'x'; its inputs are ids, mask, total, past");
        StringAssert.Contains(Error("ids", 1), "has 2 axes; --shape gives it 1");
        StringAssert.Contains(Error("past", 1, 16, 5), "is 4 in the model; --shape gives it 5");
        var conflict = Assert.ThrowsExactly<ValidationException>(() => Shapes(("ids", [1, 8]), ("mask", [1, 9])));
        StringAssert.Contains(conflict.Message, "'seq' is 8 by another --shape");
    }

    private static string Error(string name, params long[] dims) => Assert.ThrowsExactly<ValidationException>(() => Shapes((name, dims))).Message;

    private static Dictionary<string, string> Shapes(params (string Name, long[] Dims)[] wanted)
    {
        var g = new GraphBuilder();
        g.Input("ids", DataType.Int64, "batch", "seq");
        g.Input("mask", DataType.Int64, "batch", "seq");
        g.Input("total", DataType.Int64, "batch", "past + seq");
        g.Input("past", DataType.Float, "batch", "past", 4);
        var model = g.Build();
        var all = wanted.Append((Name: "past", Dims: [wanted[0].Dims[0], 16, 4])).DistinctBy(w => w.Name).ToDictionary(w => w.Name, w => w.Dims);
        var shapes = InputShapes.Of(model, all);
        return model.Proto.Graph.Input.ToDictionary(i => i.Name, i => string.Join(',', shapes.For(i)));
    }
}
