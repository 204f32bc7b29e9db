namespace FlashRt.CustomOps.Tests;

/// <summary>Output shapes are known when the model is loaded, wherever the input shapes are; in-place reuse depends on it.</summary>
[TestClass]
public sealed class ShapeInferenceTests
{
    public static IEnumerable<object[]> Ops => OpCatalog.Ops.Select(op => new object[] { op.Name });

    [TestMethod, DynamicData(nameof(Ops))]
    public void ShapesAreInferred(string op)
    {
        foreach (var opCase in OpRows.Cases(op, OpRows.Types(OpCatalog.Get(op))[0]))
            foreach (var sample in opCase.Samples)
            {
                using var session = OpSessions.Open(opCase.Signature, sample.Operands, OpProvider.Cpu, staticShapes: true);
                var expected = OpReferences.Compute(new OpCall(opCase.Signature, sample.Operands));
                foreach (var (output, e) in opCase.Signature.Op.Outputs.Zip(expected).Where(o => opCase.Signature.Outputs.Contains(o.First.Name)))
                    CollectionAssert.AreEqual(Array.ConvertAll(e.Shape, d => (int)d), session.OutputMetadata[output.Name].Dimensions,
                        $"{opCase}, {sample.Why}, {output.Name}: expected {new OpTensor(e.Type, e.Shape, []).ShapeText}, inferred [{string.Join(", ", session.OutputMetadata[output.Name].Dimensions)}]");
            }
    }
}
