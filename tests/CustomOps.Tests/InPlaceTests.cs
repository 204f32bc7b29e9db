using FlashRt.GraphRewriter;

namespace FlashRt.CustomOps.Tests;

/// <summary>
/// In the middle of a chain with known sizes ONNX Runtime hands an op the buffer of its input for the output that may alias it. The numbers
/// must be those of a run with separate buffers, bit for bit.
/// </summary>
[TestClass]
public sealed class InPlaceTests
{
    private const int SamplesOfACase = 2;

    public static IEnumerable<object[]> Rows =>
        from op in OpCatalog.Ops
        where op.Outputs.Any(o => o.MayAlias.Count > 0)
        from type in OpRows.Types(op)
        from provider in op.Providers
        select new object[] { op.Name, type, Enum.Parse<OpProvider>(provider, ignoreCase: true) };

    [TestMethod, DynamicData(nameof(Rows))]
    public void AliasedBuffersGiveTheSame(string op, string type, OpProvider provider)
    {
        Cuda.RequireFor(provider);
        foreach (var opCase in OpRows.Cases(op, type))
            foreach (var sample in opCase.Samples.Where(s => s.Ordinary).OrderByDescending(s => s.Operands.Values.Max(t => t.Shape.Length)).Take(SamplesOfACase))
            {
                using var separate = OpSessions.Open(opCase.Signature, sample.Operands, provider, staticShapes: true);
                var expected = OpSessions.Run(separate, sample.Operands);
                foreach (var kept in Kept(opCase.Signature))
                {
                    using var chained = OpSessions.Open(Chain(opCase.Signature, sample.Operands, kept), provider);
                    var actual = OpSessions.Run(chained, sample.Operands);
                    foreach (var output in opCase.Signature.Outputs)
                        CollectionAssert.AreEqual(expected[output].Values, actual[output].Values, $"{opCase}, {sample.Why}, {output}");
                    if (kept is not null)
                        CollectionAssert.AreEqual(sample.Operands[kept].Values, actual["kept"].Values, $"{opCase}, {sample.Why}: {kept} is read later and must not be written");
                }
            }
    }

    // Nothing is read later; then each input in turn that an output may alias, so that the planner takes another or none.
    private static IEnumerable<string?> Kept(OpSignature signature) =>
        [null, .. signature.Op.Outputs.SelectMany(o => o.MayAlias).Distinct().Select(i => signature.Op.Inputs[i].Name).Where(signature.Inputs.Contains)];

    // Copy, which takes every type, stands before each input and behind each output: graph inputs and outputs are never reused.
    private static OnnxModel Chain(OpSignature signature, IReadOnlyDictionary<string, OpTensor> operands, string? kept)
    {
        var copy = $"{OpCatalog.Domain}::Copy";
        var graph = new GraphBuilder(opset: 21).Import(OpCatalog.Domain, OpCatalog.Version);
        string[] inputs = [.. signature.Op.Inputs.Select(i => signature.Inputs.Contains(i.Name) ? graph.Op(copy, OpModel.Input(graph, i.Name, operands[i.Name], staticShape: true)) : "")];
        var outputs = signature.Op.Outputs.Select(o => signature.Outputs.Contains(o.Name) ? OpModel.InnerName(o.Name) : "");
        graph.Node($"{OpCatalog.Domain}::{signature.Op.Name}", OpModel.Trim(inputs), [.. signature.Attributes.Select(a => (a.Key, a.Value))], OpModel.Trim(outputs));
        foreach (var output in signature.Op.Outputs.Where(o => signature.Outputs.Contains(o.Name)))
            OpModel.Output(graph, output, signature, graph.Op(copy, OpModel.InnerName(output.Name)));
        if (kept is not null)
        {
            graph.Node(copy, [inputs[signature.Op.InputIndex(kept)]], null, ["kept"]);
            graph.Output("kept", (GraphRewriter.Ir.Protos.TensorProto.Types.DataType)operands[kept].Type);
        }
        return OpModel.WithoutOutputShapes(graph);
    }
}
