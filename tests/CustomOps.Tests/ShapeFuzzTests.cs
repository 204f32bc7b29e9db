using Microsoft.ML.OnnxRuntime;

namespace FlashRt.CustomOps.Tests;

/// <summary>
/// Every operand of every op with its shape bent in turn: an axis dropped, added, emptied, made one, made longer. The op computes or refuses,
/// by its name; it never reads past a buffer, hangs or aborts.
/// </summary>
[TestClass]
public sealed class ShapeFuzzTests
{
    public static IEnumerable<object[]> Rows =>
        from op in OpCatalog.Ops
        from provider in op.Providers
        select new object[] { op.Name, Enum.Parse<OpProvider>(provider, ignoreCase: true) };

    [TestMethod, DynamicData(nameof(Rows))]
    public void BentShapesAreComputedOrRefused(string op, OpProvider provider)
    {
        Cuda.RequireFor(provider);
        foreach (var opCase in OpRows.Cases(op, OpRows.Types(OpCatalog.Get(op))[0]).OrderByDescending(c => c.Signature.Inputs.Count).Take(2))
        {
            var sample = opCase.Samples.Where(s => s.Operands.Values.All(t => t.Count is > 1 and < 10_000 || t.Shape.Length == 1)).MaxBy(s => s.Operands.Values.Max(t => t.Shape.Length))
                ?? opCase.Samples[0];
            using var session = OpSessions.Open(OpModel.AnyRank(OpModel.Build(opCase.Signature, sample.Operands)), provider);
            foreach (var name in opCase.Signature.Inputs)
                foreach (var shape in Bent(sample.Operands[name].Shape))
                    Try(session, opCase.Signature, new Dictionary<string, OpTensor>(sample.Operands) { [name] = Resized(sample.Operands[name], shape) }, name);
        }
    }

    private static void Try(InferenceSession session, OpSignature signature, Dictionary<string, OpTensor> operands, string bent)
    {
        try
        {
            OpSessions.Run(session, operands);
        }
        catch (OnnxRuntimeException error) when (error.Message.Contains($"com.flashrt::{signature.Op.Name}", StringComparison.Ordinal)
            && error.Message.Contains(OpModel.NodeName, StringComparison.Ordinal))
        {
            // Refused as it should be.
        }
        catch (Exception error)
        {
            Assert.Fail($"{signature} with {bent} {operands[bent].ShapeText}: {error.Message}");
        }
    }

    private static IEnumerable<long[]> Bent(long[] shape)
    {
        yield return [];
        yield return [1, .. shape];
        yield return [.. shape, 1];
        yield return [OpTensor.CountOf(shape)];
        if (shape.Length > 0)
            yield return shape[1..];
        for (var axis = 0; axis < shape.Length; axis++)
            foreach (var size in new[] { 0, 1, shape[axis] + 1, shape[axis] * 2, shape[axis] / 2 })
            {
                long[] bent = [.. shape];
                bent[axis] = size;
                yield return bent;
            }
    }

    private static OpTensor Resized(OpTensor tensor, long[] shape) =>
        new(tensor.Type, shape, [.. Enumerable.Range(0, (int)OpTensor.CountOf(shape)).Select(i => tensor.Values[i % tensor.Values.Length])]);
}
