using FlashRt.GraphRewriter;
using Microsoft.ML.OnnxRuntime;
using DataType = FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.CustomOps.Tests;

/// <summary>Wrong calls give an error that names op and node and says what was expected and what came. Nothing aborts the process.</summary>
[TestClass]
public sealed class BadInputTests
{
    public static IEnumerable<object[]> LoadRows => BadCalls.AtLoad.Select((c, i) => new object[] { i, c.ToString() });

    public static IEnumerable<object[]> RunRows =>
        from provider in Enum.GetValues<OpProvider>()
        from row in BadCalls.AtRun.Select((c, i) => (c, i))
        where provider == OpProvider.Cpu || !row.c.OnDevice
        select new object[] { row.i, row.c.ToString(), provider };

    /// <summary>Without sizes of 0, which stand for unknown ones in some exports, scalars, which may have any rank, and what depends on numbers: those wait for the run.</summary>
    public static IEnumerable<object[]> StatedRows =>
        from row in RunRows
        let call = BadCalls.AtRun[(int)row[0]]
        where !call.OnDevice && call.Make().Operands.Values.All(o => o.Shape.Length > 0 && !o.Shape.Contains(0))
        select row;

    public static IEnumerable<object[]> Ops => OpCatalog.Ops.Select(op => new object[] { op.Name });

    public static IEnumerable<object[]> Attributes =>
        from op in OpCatalog.Ops
        from attribute in op.Attributes
        select new object[] { op.Name, attribute.Name };

    [TestMethod, DynamicData(nameof(LoadRows))]
    public void IsRefusedAtLoad(int row, string name)
    {
        _ = name;
        var (signature, operands) = BadCalls.AtLoad[row].Make();
        var error = Assert.ThrowsExactly<OnnxRuntimeException>(() => OpSessions.Open(signature, operands, OpProvider.Cpu).Dispose());
        AssertNames(error, signature.Op, BadCalls.AtLoad[row].Message);
    }

    [TestMethod, DynamicData(nameof(RunRows))]
    public void IsRefusedAtRun(int row, string name, OpProvider provider)
    {
        _ = name;
        Cuda.RequireFor(provider);
        var (signature, operands) = BadCalls.AtRun[row].Make();
        using var session = OpSessions.Open(signature, operands, provider);
        var error = Assert.ThrowsExactly<OnnxRuntimeException>(() => OpSessions.Run(session, operands));
        AssertNames(error, signature.Op, BadCalls.AtRun[row].Message);
    }

    [TestMethod, DynamicData(nameof(StatedRows))]
    public void IsRefusedAtLoadWhereTheModelStatesTheShapes(int row, string name, OpProvider provider)
    {
        _ = name;
        Cuda.RequireFor(provider);
        var (signature, operands) = BadCalls.AtRun[row].Make();
        var error = Assert.ThrowsExactly<OnnxRuntimeException>(() => OpSessions.Open(signature, operands, provider, staticShapes: true).Dispose());
        AssertNames(error, signature.Op, BadCalls.AtRun[row].Message);
    }

    [TestMethod, DataRow(new long[] { 9 }), DataRow(new long[] { 0 }), DataRow(new long[0])]
    public void AConstantOfAnotherShapeIsRefusedAtLoad(long[] shape)
    {
        var graph = new GraphBuilder(opset: 21).Import(OpCatalog.Domain, OpCatalog.Version);
        graph.Input("X", DataType.Float, 2L, 8L);
        graph.Initializer("weight", DataType.Float, shape, [.. Enumerable.Repeat(1.0, (int)OpTensor.CountOf(shape))]);
        graph.Node($"{OpCatalog.Domain}::RmsNorm", ["X", "weight"], null, ["Y"]);
        graph.Output("Y", DataType.Float);
        var model = OpModel.WithoutOutputShapes(graph);
        model.Proto.Graph.Node.Single().Name = OpModel.NodeName;
        var error = Assert.ThrowsExactly<OnnxRuntimeException>(() => OpSessions.Open(model, OpProvider.Cpu).Dispose());
        AssertNames(error, OpCatalog.Get("RmsNorm"), "weight", "[8]", $"[{string.Join(", ", shape)}]");
    }

    [TestMethod]
    public void AnOutputThatSplitHasNoSizeForIsRefused()
    {
        var (signature, operands) = new BadCall("Split", "", "X=2x8", "axis=1").Make();
        signature = signature with { Outputs = ["Y0", "Y1"], Attributes = new Dictionary<string, object> { ["axis"] = 1L, ["sizes"] = new[] { 8L } } };
        var error = Assert.ThrowsExactly<OnnxRuntimeException>(() => OpSessions.Open(signature, operands, OpProvider.Cpu).Dispose());
        AssertNames(error, signature.Op, "sizes", "[8]", "Y1");
    }

    [TestMethod]
    public void OnCudaASliceOutOfRangeIsNotWritten()
    {
        Cuda.Require();
        var (signature, made) = BadCalls.AtRun.Single(c => c.OnDevice).Make();
        var operands = made.ToDictionary(o => o.Key, o => o.Value);
        operands["updates"] = operands["updates"] with { Values = [.. operands["updates"].Values.Select(_ => 2.0)] };
        using var session = OpSessions.Open(signature, operands, OpProvider.Cuda);
        CollectionAssert.AreEqual(operands["data"].Values.ToArray(), OpSessions.Run(session, operands)["Y"].Values.ToArray());
    }

    [TestMethod]
    public void EveryOpHasABadCall() =>
        CollectionAssert.IsSubsetOf(
            // Copies, fills and casts take any shape and have no attributes.
            OpCatalog.Ops.Select(op => op.Name).Except(["Copy", "FillNegInf", "CastFloat16"]).ToList(),
            BadCalls.AtLoad.Concat(BadCalls.AtRun).Select(c => c.Op).ToList());

    [TestMethod, DynamicData(nameof(Attributes))]
    public void AttributeOfAnotherKindIsRefused(string op, string attribute)
    {
        // Float16 is what output_dtype is by default, so that the graph output's declared type fits while the attribute does not.
        var opCase = OpCases.Of(op).First(c => attribute != "output_dtype" || c.Signature.Type == ElementType.Float16);
        var wrong = opCase.Signature.Op.FindAttribute(attribute)!.Type == "string" ? (object)7L : "seven";
        var signature = opCase.Signature with { Attributes = new Dictionary<string, object>(opCase.Signature.Attributes) { [attribute] = wrong } };
        var error = Assert.ThrowsExactly<OnnxRuntimeException>(() => OpSessions.Open(signature, opCase.Samples[0].Operands, OpProvider.Cpu).Dispose());
        AssertNames(error, signature.Op, attribute);
    }

    [TestMethod, DynamicData(nameof(Ops))]
    public void MissingInputIsRefused(string op)
    {
        var opCase = OpCases.Of(op).First();
        foreach (var input in opCase.Signature.Op.Inputs.Where(i => !i.Optional))
        {
            var signature = opCase.Signature with { Inputs = [.. opCase.Signature.Inputs.Where(i => i != input.Name)] };
            var error = Assert.ThrowsExactly<OnnxRuntimeException>(() =>
            {
                using var session = OpSessions.Open(signature, opCase.Samples[0].Operands, OpProvider.Cpu);
                OpSessions.Run(session, opCase.Samples[0].Operands);
            });
            StringAssert.Contains(error.Message, op);
        }
    }

    [TestMethod, DynamicData(nameof(Ops))]
    public void UnsupportedTypeIsRefused(string op)
    {
        var opCase = OpCases.Of(op).First();
        if (opCase.Signature.Op.Inputs.All(i => i.Type != "T" || !opCase.Signature.Inputs.Contains(i.Name)))
            return;
        var operands = opCase.Samples[0].Operands.ToDictionary(o => o.Key,
            o => opCase.Signature.Op.Inputs.Any(i => i.Name == o.Key && i.Type == "T") ? o.Value with { Type = ElementType.Float64 } : o.Value);
        var error = Assert.ThrowsExactly<OnnxRuntimeException>(() => OpSessions.Open(opCase.Signature, operands, OpProvider.Cpu).Dispose());
        StringAssert.Contains(error.Message, op);
        StringAssert.Contains(error.Message, OpModel.NodeName);
        StringAssert.Contains(error.Message, "double");
    }

    private static void AssertNames(OnnxRuntimeException error, Op op, params string[] words)
    {
        foreach (var word in (string[])[$"com.flashrt::{op.Name}", OpModel.NodeName, .. words])
            StringAssert.Contains(error.Message, word);
    }
}
