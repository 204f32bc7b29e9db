using FlashRt.GraphRewriter.Ir.Protos;
using Google.Protobuf;

namespace FlashRt.Onnx.Tests.Runtime;

/// <summary>A misspelt attribute is refused when the session is opened, wherever its node is; ONNX Runtime alone would run with the default.</summary>
[TestClass]
public sealed class UnknownAttributesTests
{
    [TestMethod, DataRow(false), DataRow(true)]
    public void AreRefused(bool inFile)
    {
        byte[] model = Model("epsilon_").ToByteArray();
        using var file = new TemporaryModel(model);
        AssertRefused(() => _ = inFile ? FlashRtSession.Open(file.Path, TestModels.Cpu) : FlashRtSession.Open(model, TestModels.Cpu), "epsilon_");
    }

    [TestMethod]
    public void AreRefusedInsideABranch()
    {
        ModelProto model = Model("epsilon");
        var branch = new GraphProto { Name = "branch", Node = { Norm("eps", "inner") }, Output = { new ValueInfoProto { Name = "inner" } } };
        var choice = new NodeProto { OpType = "If", Name = "choice", Input = { "x" }, Output = { "z" } };
        choice.Attribute.Add(new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = branch });
        model.Graph.Node.Insert(0, choice);
        AssertRefused(() => FlashRtSession.Open(model.ToByteArray(), TestModels.Cpu), "eps");
    }

    [TestMethod]
    public void AreRefusedInsideAFunction()
    {
        ModelProto model = Model("epsilon");
        model.Functions.Add(new FunctionProto { Name = "F", Domain = "local", Input = { "x" }, Output = { "y" }, Node = { Norm("Epsilon", "y") } });
        AssertRefused(() => FlashRtSession.Open(model.ToByteArray(), TestModels.Cpu), "Epsilon");
    }

    [TestMethod]
    public void KnownOnesAndThoseOfOtherDomainsAreNot()
    {
        ModelProto model = Model("epsilon");
        FlashRtSession.Open(model.ToByteArray(), TestModels.Cpu).Dispose();
        model.Graph.Node[0].Domain = "other";
        model.Graph.Node[0].Attribute[0].Name = "whatever";
        var error = Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open(model.ToByteArray(), TestModels.Cpu));
        Assert.DoesNotContain("there is no attribute", error.Message);
    }

    [TestMethod]
    public void ADamagedModelIsLeftToOnnxRuntime()
    {
        byte[] model = Model("epsilon_").ToByteArray();
        for (var length = 0; length < model.Length; length++)
            Assert.ThrowsExactly<FlashRtException>(() => FlashRtSession.Open(model[..length], TestModels.Cpu), $"{length} bytes");
    }

    private static ModelProto Model(string attribute)
    {
        var g = new GraphBuilder(21).Import("com.flashrt", 1);
        g.Input("x", DataType.Float, 2, 8);
        g.Node("com.flashrt::RmsNorm", ["x"], [(attribute, 1e-3f)], ["y"]);
        g.Output("y", DataType.Float, 2, 8);
        ModelProto model = g.Build().Proto;
        model.Graph.Node[0].Name = "the_norm";
        return model;
    }

    private static NodeProto Norm(string attribute, string output) => new()
    {
        OpType = "RmsNorm", Domain = "com.flashrt", Name = "the_norm", Input = { "x" }, Output = { output },
        Attribute = { new AttributeProto { Name = attribute, Type = AttributeProto.Types.AttributeType.Float, F = 1e-3f } },
    };

    private static void AssertRefused(Action open, string attribute)
    {
        var error = Assert.ThrowsExactly<FlashRtException>(open);
        AssertMessage.Contains(error, "com.flashrt::RmsNorm", "the_norm", $"'{attribute}'", "are: epsilon");
    }

    private sealed class TemporaryModel : IDisposable
    {
        public TemporaryModel(byte[] bytes) => File.WriteAllBytes(Path, bytes);

        public string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }
}
