using Google.Protobuf;

namespace FlashRt.CustomOps.Tests;

/// <summary>Every CUDA op captured in a CUDA graph and replayed with other values in the same buffers.</summary>
[TestClass]
public sealed class CudaGraphTests
{
    public static IEnumerable<object[]> Rows =>
        from op in OpCatalog.Ops
        where op.Providers.Contains("cuda")
        from type in OpRows.Types(op)
        select new object[] { op.Name, type };

    [TestMethod, DynamicData(nameof(Rows))]
    public void ReplaysFollowTheInputs(string op, string type)
    {
        Cuda.Require();
        foreach (var opCase in OpRows.Cases(op, type))
        {
            var sample = opCase.Samples.Where(s => s.Ordinary).MaxBy(s => s.Operands.Values.Where(t => t.Count < 50_000).Sum(t => t.Count))!;
            Replay(opCase, sample.Operands);
        }
    }

    private static void Replay(OpCase opCase, IReadOnlyDictionary<string, OpTensor> first)
    {
        var model = OpModel.Build(opCase.Signature, first, staticShapes: true).Proto.ToByteArray();
        using var session = FlashRtSession.Open(model, new FlashRtOptions { Provider = FlashRtProvider.Cuda, CudaGraph = true, SelfCheckRuns = 0 });
        using var bound = session.Bind();
        var operands = first;
        for (var replay = 0; replay < 3; replay++)
        {
            foreach (var name in opCase.Signature.Inputs)
                bound.Input(name).CopyFromBytes(OpTensorBytes.Encode(operands[name]));
            bound.Run();
            var expected = OpReferences.Compute(new OpCall(opCase.Signature, operands));
            foreach (var (output, e) in opCase.Signature.Op.Outputs.Zip(expected).Where(o => opCase.Signature.Outputs.Contains(o.First.Name)))
            {
                var tensor = bound.Output(output.Name);
                var bytes = new byte[tensor.ByteCount];
                tensor.CopyToBytes(bytes);
                var check = OutputCheck.Of(e, OpTensorBytes.Decode((ElementType)tensor.ElementType, [.. tensor.Shape], bytes));
                Assert.IsTrue(check.Passed, $"{opCase}, replay {replay}, {output.Name}: {check.Failure}");
            }
            operands = operands.ToDictionary(o => o.Key, o => opCase.Signature.Op.Name == "ScatterND" && o.Key == "indices" ? Reordered(o.Value) : Change(o.Value));
        }
        Assert.IsTrue(bound.IsCaptured, $"{opCase} ran without a captured graph");
    }

    // The same places in another order: places named twice have no defined result.
    private static OpTensor Reordered(OpTensor indices) => indices with { Values = [.. indices.Values.Chunk((int)indices.Shape[^1]).Reverse().SelectMany(tuple => tuple)] };

    // Other values of the same kind: lengths and positions shrink, scales grow, everything else is turned round.
    private static OpTensor Change(OpTensor t) => t switch
    {
        { Type: ElementType.Int64 } => t with { Values = [.. t.Values.Select(v => Math.Max(1, v - 1))] },
        { Type: ElementType.Float32, Count: 1 } => t with { Values = [(float)(t.Values[0] * 1.5)] },
        _ => t with { Values = [.. t.Values.Reverse()] },
    };
}
