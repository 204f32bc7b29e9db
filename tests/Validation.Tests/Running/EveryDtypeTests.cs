namespace FlashRt.Validation.Tests.Running;

/// <summary>Models that stock ONNX Runtime's CPU provider cannot run as they are: proved in float32, and the report says so.</summary>
[TestClass]
public class EveryDtypeTests
{
    [TestMethod]
    public void Bfloat16IsProvedInFloat32WithItsSites()
    {
        var original = Norm(DataType.Bfloat16);
        var report = Validator.Validate(original, Models.Rewritten(original), new ValidationOptions { Sites = true });
        Assert.IsTrue(report.Passed, report.ToJson());
        Assert.HasCount(1, report.Sites);
        Says(report, "The original was run in float32");
        Says(report, "1 of 1 bodies were run in float32");
    }

    [TestMethod]
    [DataRow(DataType.Float)]
    [DataRow(DataType.Float16)]
    public void WhatRunsAsItIsIsNotWidened(DataType type)
    {
        var original = Norm(type);
        var report = Validator.Validate(original, Models.Rewritten(original), new ValidationOptions { Sites = true });
        Assert.IsTrue(report.Passed, report.ToJson());
        Assert.IsFalse(report.Notes.Any(n => n.Contains("run in float32")), report.ToJson());
    }

    [TestMethod]
    public void OpsOfOnnxRuntimeAreWidenedToo()
    {
        var g = new GraphBuilder().Import("com.microsoft", 1);
        var (x, skip) = (g.Input("x", DataType.Bfloat16, 2, 3, 8), g.Input("skip", DataType.Bfloat16, 2, 3, 8));
        var gamma = g.Initializer("gamma", DataType.Bfloat16, [8], 1, 2, 3, 4, 5, 6, 7, 8);
        var norm = g.Node("com.microsoft::SkipSimplifiedLayerNormalization", [x, skip, gamma], [("epsilon", 1e-5f)], ["y", "", "", "sum"]);
        g.Output(g.Op("com.microsoft::QuickGelu", norm[0]), DataType.Bfloat16, 2, 3, 8);
        g.Output("sum", DataType.Bfloat16, 2, 3, 8);
        var report = Validator.Validate(g.Build(), Models.Rewritten(g.Build()), new ValidationOptions { Sites = true });
        Assert.IsTrue(report.Passed, report.ToJson());
        Says(report, "The original was run in float32");
    }

    [TestMethod]
    public void ARepairedModelRunsAsItIsAndAgreesWithTheUnrepairedOneInFloat32()
    {
        var (original, repaired) = (Mixed(), Mixed());
        Rewriter.Rewrite(repaired, new RewriteOptions { Repair = true });
        var report = Validator.Validate(original, repaired, new ValidationOptions());
        Assert.IsTrue(report.Passed, report.ToJson());
        Says(report, "The original was run in float32: stock ONNX Runtime's CPU provider cannot run it as it is (Type Error");
        Assert.HasCount(1, report.Notes, "the repaired model runs in its own types");
    }

    private static void Says(ValidationReport report, string text) => Assert.IsTrue(report.Notes.Any(n => n.Contains(text)), report.ToJson());

    private static OnnxModel Norm(DataType type)
    {
        var g = new GraphBuilder();
        var wide = g.Cast(g.Input("x", type, 2, 3, 8), DataType.Float);
        var mean = g.Op("ReduceMean", g.Op("Mul", wide, wide), g.Integers("axes", -1));
        var normal = g.Op("Div", wide, g.Op("Sqrt", g.Op("Add", mean, g.Scalar("epsilon", DataType.Float, 1e-6))));
        g.Output(g.Op("Mul", g.Cast(normal, type), g.Initializer("gamma", type, [8], 1, 2, 3, 4, 5, 6, 7, 8)), type, 2, 3, 8);
        return g.Build();
    }

    // What an exporter made of a float16 module with a float32 parameter.
    private static OnnxModel Mixed()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", DataType.Float16, 2, 8);
        var scaled = g.Op("Mul", x, g.Initializer("scale", DataType.Float, [8], 1, 2, 3, 4, 5, 6, 7, 8));
        g.Output(g.Op("Add", g.Op("Sigmoid", scaled), x), DataType.Float16, 2, 8);
        return g.Unchecked();
    }
}
