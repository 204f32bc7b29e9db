using FlashRt.GraphRewriter.Tests.Spellings;
using FlashRt.Onnx.Catalog;
using Google.Protobuf;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.MergingSpellings;

namespace FlashRt.GraphRewriter.Tests.Passes;

[TestClass]
public sealed class MergeProjectionsTests
{
    private const string Rule = "MergeProjections";

    private static readonly RewriteOptions s_options = new() { CaptureSafe = false };

    public static IEnumerable<object[]> Merged => All.Select(s => new object[] { s });

    public static IEnumerable<object[]> Apart =>
    [
        ["weight read twice", () => Gated((g, x, name) => { var p = Product(g, x, name, 6); if (name == "up") g.Output(g.Op("MatMul", x, name), Float, 2, Tokens, 6); return p; }), "the weight 'up' is also read elsewhere, and would be stored twice"],
        ["one weight for both", () => Gated((g, x, name) => g.Op("MatMul", x, name == "gate" ? Weight(g, "w", Width, 6) : "w")), "the weight 'w' is also read elsewhere"],
        ["weight is an input", () => Gated((g, x, name) => g.Op("MatMul", x, name == "up" ? g.Input("w", Float, Width, 6) : Weight(g, name, Width, 6))), "the weight 'w' is no stored matrix"],
        ["weight is a default of an input", () => Default(Gated((g, x, name) => Product(g, x, name, 6)), "gate"), "the weight 'gate' is no stored matrix"],
        ["weight is computed", () => Gated((g, x, name) => g.Op("MatMul", x, name == "up" ? g.Op("Neg", g.Input("w", Float, Width, 6)) : Weight(g, name, Width, 6))), "the weight 'neg_0' is no stored matrix"],
        ["other rows", () => Gated((g, x, name) => Product(g, name == "up" ? g.Input("z", Float, 2, Tokens, Width) : x, name, 6)), "'matmul_1' is a product of 'z' and 'matmul_0' one of 'x'"],
        ["product read twice", () => Gated((g, x, name) => { var p = Product(g, x, name, 6); if (name == "up") g.Output(g.Op("Neg", p), Float, 2, Tokens, 6); return p; }), "'matmul_1' is also read by node 'node_Neg_0' (Neg)"],
        ["product is an output", () => Gated((g, x, name) => { var p = Product(g, x, name, 6); if (name == "gate") g.Output(p, Float, 2, Tokens, 6); return p; }), "'matmul_0' is a graph output"],
        ["factor of one product", () => Gated((g, x, name) => name == "up" ? g.Op("Mul", Product(g, x, name, 6), g.Scalar("c", Float, 3)) : Product(g, x, name, 6)), "the product 'mul_0' has a factor of its own"],
        ["residual of one product", () => Gated((g, x, name) => name == "up" ? g.Op("Add", Biased(g, x, name, 6), g.Input("c", Float, 2, Tokens, 6)) : Biased(g, x, name, 6)), "has a residual of its own"],
        ["weights in different orders", () => Gated((g, x, name) => g.Node("Gemm", [x, name == "up" ? Weight(g, name, 6, Width) : Weight(g, name, Width, 6), Bias(g, name, 6)], [("transB", name == "up" ? 1 : 0)])[0], rows: true), "are stored in different orders"],
        ["one is no product", () => Gated((g, x, name) => name == "up" ? g.Op("Relu", Product(g, x, name, 6)) : Product(g, x, name, 6)), "an activation of its own"],
        ["keys that are values", () => Attending(2, (g, x, name, columns) => name == "v" ? "matmul_1" : Product(g, x, name, columns)), "is one product in two roles"],
        ["values of other rows", () => Attending(2, (g, x, name, columns) => Product(g, name == "v" ? g.Input("z", Float, 2, Tokens, Width) : x, name, columns)), "'matmul_2' is a product of 'z' and 'matmul_0' one of 'x'"],
        ["keys rotated by other tables", () => Rotating(2, keyTables: "_k"), "queries and keys are rotated by different tables ('cos' and 'cos_k')"],
        ["keys repeated before their rotation", () => Repeated(), "are repeated, cast or chosen before the rotation"],
        ["norm over all heads", () => Rotating(2, norms: "qk", wide: true), "'q_normal' is no product of rows with a stored matrix"],
        ["queries rotated, keys not", () => Rotating(2, turned: "q"), "of queries and keys only"],
        ["rotated keys of several heads in a cache", () => Step(2, tokens: 3), "'k_turned' goes as [B, N, S, D] to node"],
    ];

    [TestMethod]
    [DynamicData(nameof(Merged))]
    public void BecomesOneProduct(Spelling spelling) => Assert.AreEqual(spelling.Golden, Spelling.Rewritten(spelling.Model(), out _, merge: true));

    [TestMethod]
    [DynamicData(nameof(Merged))]
    public void ChangesNothingTheSecondTime(Spelling spelling)
    {
        OnnxModel model = spelling.Model(), other = spelling.Model();
        Rewriter.Rewrite(model, s_options);
        var once = model.Proto.ToByteArray();
        Rewriter.Rewrite(model, s_options);
        CollectionAssert.AreEqual(once, model.Proto.ToByteArray());
        Rewriter.Rewrite(other, s_options);
        CollectionAssert.AreEqual(once, other.Proto.ToByteArray(), "the same input gave other bytes");
    }

    [TestMethod]
    [DynamicData(nameof(Merged))]
    public void RestoresToStandardOperators(Spelling spelling)
    {
        var model = spelling.Model();
        Rewriter.Rewrite(model, s_options);
        Restorer.Restore(model);
        Assert.IsTrue(model.Graph.Nodes.All(n => n.Domain.Length == 0));
        Assert.AreEqual(0, model.Proto.Functions.Count);
        Oracle.AssertSame(spelling.Model(), model, tolerance: 1e-5);
    }

    [TestMethod]
    [DynamicData(nameof(Merged))]
    public void FollowsTheCatalogAndKeepsNoSplitWeights(Spelling spelling)
    {
        var model = spelling.Model();
        Rewriter.Rewrite(model, s_options);
        foreach (var site in FusedSites.Of(model))
        {
            var op = OpCatalog.Get(site.Op);
            Assert.IsTrue(site.Node.Attribute.All(a => op.FindAttribute(a.Name) is not null));
            CollectionAssert.AreEqual(site.Node.Output, site.Body!.Output);
            Assert.AreEqual(site.Node.Input.Count, site.Body.Input.Distinct().Count());
            var made = site.Body.Node.SelectMany(n => n.Output).ToList();
            CollectionAssert.AllItemsAreUnique(made, "a function makes each value once");
        }
        foreach (var tensor in model.Proto.Graph.Initializer) Assert.IsTrue(model.Graph.Find(tensor.Name)!.Uses.Count > 0, $"nobody reads '{tensor.Name}'");
    }

    [TestMethod]
    [DynamicData(nameof(Apart))]
    public void StaysApart(string name, Func<OnnxModel> model, string reason)
    {
        var (rewritten, plain) = (model(), model());
        var report = Rewriter.Rewrite(rewritten, s_options);
        var reasons = report.NotFused.Where(n => n.Rule == Rule).Select(n => n.Reason).ToList();
        Assert.IsTrue(reasons.Any(r => r.Contains(reason, StringComparison.Ordinal)), $"{name}: '{reason}' is not among the reasons: {string.Join(" | ", reasons)}\n{GraphText.Of(rewritten)}");
        Rewriter.Rewrite(plain, s_options with { MergeProjections = false });
        Assert.AreEqual(plain.Proto, rewritten.Proto, "nothing may change");
    }

    [TestMethod]
    [DynamicData(nameof(Merged))]
    public void OptionLeavesProductsAlone(Spelling spelling)
    {
        var model = spelling.Model();
        var report = Rewriter.Rewrite(model, s_options with { MergeProjections = false });
        Assert.IsFalse(model.Proto.Graph.Initializer.Any(t => t.Name.Contains(".merged", StringComparison.Ordinal)));
        Assert.IsFalse(report.NotFused.Any(n => n.Rule == Rule));
    }

    [TestMethod]
    public void CrossAttentionHasNothingToMerge()
    {
        var model = Attending(2, (g, x, name, columns) => Product(g, name == "q" ? g.Input("z", Float, 2, Tokens, Width) : x, name, columns));
        var report = Rewriter.Rewrite(model, s_options);
        Assert.AreEqual(1, report.Sites.Count);
        Assert.AreEqual(0, report.NotFused.Count);
    }

    [TestMethod]
    public void ModelWithoutFunctionsIsLeftAlone()
    {
        var model = Gated((g, x, name) => Product(g, x, name, 6));
        Rewriter.Rewrite(model, s_options with { MergeProjections = false, Fallback = false });
        var report = Rewriter.Rewrite(model, s_options with { Fallback = false });
        StringAssert.Contains(report.NotFused.Single().Reason, "rewritten without fallback");
    }

    [TestMethod]
    public void RowsOfTheMergedWeightAreRowsOfItsParts()
    {
        var model = Gated((g, x, name) => Product(g, x, name, 6));
        var (gate, up) = (model.Graph.Find("gate")!.Constant!.ReadAsDouble(), model.Graph.Find("up")!.Constant!.ReadAsDouble());
        Rewriter.Rewrite(model, s_options);
        var merged = model.Graph.Find("matmul_0.merged.weight")!.Constant!;
        CollectionAssert.AreEqual(new long[] { Width, 12 }, merged.Dims.ToArray());
        CollectionAssert.AreEqual(Enumerable.Range(0, Width).SelectMany(r => gate[(6 * r)..(6 * r + 6)].Concat(up[(6 * r)..(6 * r + 6)])).ToArray(), merged.ReadAsDouble());
    }

    private static OnnxModel Default(OnnxModel model, string weight)
    {
        var proto = model.Proto.Clone();
        var tensor = proto.Graph.Initializer.First(t => t.Name == weight);
        var type = new TypeProto.Types.Tensor { ElemType = tensor.DataType, Shape = new TensorShapeProto() };
        type.Shape.Dim.AddRange(tensor.Dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        proto.Graph.Input.Add(new ValueInfoProto { Name = weight, Type = new TypeProto { TensorType = type } });
        return new OnnxModel(proto);
    }
}
