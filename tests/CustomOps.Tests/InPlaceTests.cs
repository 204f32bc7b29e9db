using FlashRt.GraphRewriter;

namespace FlashRt.CustomOps.Tests;

/// <summary>
/// In the middle of a chain with known sizes ONNX Runtime hands an op the buffer of its input for the output that may alias it. The numbers
/// must be those of a run with separate buffers, bit for bit.
/// </summary>
[TestClass]
public sealed class InPlaceTests
{
    private const int SamplesOfACase = 4;
    private static readonly string Copy = $"{OpCatalog.Domain}::Copy";

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
        // All samples in one model, since most of the time goes into sessions: on CUDA a tenth of a second each.
        var graph = new GraphBuilder(opset: 21).Import(OpCatalog.Domain, OpCatalog.Version);
        var operands = new Dictionary<string, OpTensor>(StringComparer.Ordinal);
        var checks = new List<Action<IReadOnlyDictionary<string, OpTensor>>>();
        foreach (var opCase in OpRows.Cases(op, type))
            foreach (var sample in opCase.Samples.Where(s => s.Ordinary).OrderByDescending(s => s.Operands.Values.Max(t => t.Shape.Length)).Take(SamplesOfACase))
            {
                var name = $"s{checks.Count}";
                foreach (var (input, tensor) in sample.Operands.Where(o => opCase.Signature.Inputs.Contains(o.Key))) operands.Add($"{name}.{input}", tensor);
                var inputs = opCase.Signature.Inputs.ToDictionary(i => i, i => OpModel.Input(graph, $"{name}.{i}", sample.Operands[i], staticShape: true));
                Call(graph, opCase.Signature, inputs, $"{name}.separate.");
                var kept = Kept(opCase.Signature).ToList();
                for (var i = 0; i < kept.Count; i++) Chain(graph, opCase.Signature, inputs, sample.Operands, kept[i], $"{name}.chain{i}.");
                checks.Add(results =>
                {
                    for (var i = 0; i < kept.Count; i++)
                    {
                        foreach (var output in opCase.Signature.Outputs)
                            CollectionAssert.AreEqual(results[$"{name}.separate.{output}"].Values, results[$"{name}.chain{i}.{output}"].Values, $"{opCase}, {sample.Why}, {output}");
                        if (kept[i] is { } input)
                            CollectionAssert.AreEqual(sample.Operands[input].Values, results[$"{name}.chain{i}.kept"].Values, $"{opCase}, {sample.Why}: {input} is read later and must not be written");
                    }
                });
            }
        Assert.IsNotEmpty(checks);
        using var session = OpSessions.Open(OpModel.WithoutOutputShapes(graph), provider);
        var results = OpSessions.Run(session, operands);
        foreach (var check in checks) check(results);
    }

    // Nothing is read later; then each input in turn that an output may alias, so that the planner takes another or none.
    private static IEnumerable<string?> Kept(OpSignature signature) =>
        [null, .. signature.Op.Outputs.SelectMany(o => o.MayAlias).Distinct().Select(i => signature.Op.Inputs[i].Name).Where(signature.Inputs.Contains)];

    // Copy, which takes every type, stands before each input and behind each output: graph inputs and outputs are never reused.
    private static void Chain(GraphBuilder graph, OpSignature signature, IReadOnlyDictionary<string, string> inputs, IReadOnlyDictionary<string, OpTensor> operands, string? kept, string prefix)
    {
        var copied = inputs.ToDictionary(i => i.Key, i => graph.Op(Copy, i.Value));
        Call(graph, signature, copied, prefix, copies: true);
        if (kept is null) return;
        graph.Node(Copy, [copied[kept]], null, [$"{prefix}kept"]);
        graph.Output($"{prefix}kept", (GraphRewriter.Ir.Protos.TensorProto.Types.DataType)operands[kept].Type);
    }

    private static void Call(GraphBuilder graph, OpSignature signature, IReadOnlyDictionary<string, string> inputs, string prefix, bool copies = false)
    {
        var outputs = signature.Op.Outputs.Where(o => signature.Outputs.Contains(o.Name)).ToDictionary(o => o.Name, o => prefix + OpModel.InnerName(o.Name));
        graph.Node($"{OpCatalog.Domain}::{signature.Op.Name}", OpModel.Trim(signature.Op.Inputs.Select(i => inputs.GetValueOrDefault(i.Name, ""))),
            [.. signature.Attributes.Select(a => (a.Key, a.Value))], OpModel.Trim(signature.Op.Outputs.Select(o => outputs.GetValueOrDefault(o.Name, ""))));
        foreach (var output in signature.Op.Outputs.Where(o => outputs.ContainsKey(o.Name)))
            OpModel.Output(graph, output, signature, copies ? graph.Op(Copy, outputs[output.Name]) : outputs[output.Name], prefix);
    }
}
