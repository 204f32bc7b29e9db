using FlashRt.Validation;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Passes.Canonical;

/// <summary>Float16 attention as ONNX Runtime leaves it for its CPU provider: float32 from the rotation to the probabilities. 2 heads of 8, 3 tokens.</summary>
[TestClass]
public sealed class NarrowAttentionTests
{
    [TestMethod]
    [DataRow(-65504.0)]
    [DataRow(double.NegativeInfinity)]
    public void IsOfFloat16Again(double hidden)
    {
        var model = Widened(hidden, narrowSource: true);
        var report = Rewriter.Rewrite(model, new RewriteOptions());
        var attention = FusedSites.Of(model).Single(s => s.Op == "Attention").Node;
        Assert.IsTrue(attention.Input.Where(i => i.Length > 0).All(i => model.Graph.Find(i)!.Type is Float16 or Bool), GraphText.Of(model));
        Assert.AreEqual(1, report.Sites.Count(s => s.Op == "RotaryEmbedding"));
        var proof = Validator.Validate(Widened(hidden, narrowSource: true), model, new ValidationOptions { Sites = true, Seed = 1 });
        Assert.IsTrue(proof.Passed, string.Join("; ", proof.Sites.Where(s => !s.Passed)) + string.Join("; ", proof.Outputs));
    }

    [TestMethod]
    public void HeadsThatWereNeverNarrowStay()
    {
        var model = Widened(-65504, narrowSource: false);
        var report = Rewriter.Rewrite(model, new RewriteOptions());
        StringAssert.Contains(report.NotFused.Single(n => n.Rule == "Attention").Reason, "are not heads of one float type that the op takes");
        Oracle.AssertSame(Widened(-65504, narrowSource: false), model, 2e-3);
    }

    [TestMethod]
    public void AMaskThatFloat16CannotHoldStays()
    {
        var model = Widened(-1e30, narrowSource: true);
        var report = Rewriter.Rewrite(model, new RewriteOptions());
        Assert.AreEqual(1, report.NotFused.Count(n => n.Rule == "Attention"), GraphText.Of(model));
        Oracle.AssertSame(Widened(-1e30, narrowSource: true), model, 2e-3);
    }

    [TestMethod]
    public void ASecondRoundChangesNothing()
    {
        var model = ModelTests.Canonical(Widened(-65504, narrowSource: true));
        var once = model.Proto.Clone();
        Assert.AreEqual(0, Rewriter.Rewrite(model, new RewriteOptions { Rules = [] }).Canonical.Count);
        Assert.IsNull(GraphDiff.First(once, model.Proto));
    }

    private static OnnxModel Widened(double hidden, bool narrowSource)
    {
        var g = new GraphBuilder(18);
        var x = narrowSource ? g.Cast(g.Input("q", Float16, 1, 2, 3, 8), Float) : g.Input("q", Float, 1, 2, 3, 8);
        string Table(string name, Func<double, double> of) => g.Initializer(name, Float, [1, 1, 3, 8], [.. Enumerable.Range(0, 24).Select(i => (double)(System.Half)of((i / 8 + 1) / (1.0 + i % 4)))]);
        var halves = g.Node("Split", [x], [("axis", 3), ("num_outputs", 2)], ["lower", "upper"]);
        var turned = g.Node("Concat", [g.Op("Neg", halves[1]), halves[0]], [("axis", -1)])[0];
        var rotated = g.Op("Add", g.Op("Mul", x, Table("cos", Math.Cos)), g.Op("Mul", turned, Table("sin", Math.Sin)));
        var keys = g.Op("Mul", g.Cast(g.Node("Transpose", [g.Input("k", Float16, 1, 2, 3, 8)], [("perm", new long[] { 0, 1, 3, 2 })])[0], Float), g.Scalar("half", Float, 0.5));
        var scores = g.Op("MatMul", g.Op("Mul", rotated, g.Scalar("scale", Float, 0.5)), keys);
        var mask = g.Op("Where", g.Cast(g.Input("attention_mask", DataType.Int64, 1, 1, 3, 3), Bool), g.Scalar("zero", Float, 0), g.Scalar("hidden", Float, hidden));
        var p = g.Cast(g.Op("Softmax", g.Op("Add", scores, mask)), Float16);
        g.Node("MatMul", [p, g.Input("v", Float16, 1, 2, 3, 8)], outputs: ["y"]);
        g.Output("y", Float16, 1, 2, 3, 8);
        return g.Build();
    }
}
