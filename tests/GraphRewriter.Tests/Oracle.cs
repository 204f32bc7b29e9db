using FlashRt.Validation;

namespace FlashRt.GraphRewriter.Tests;

/// <summary>Stock ONNX Runtime with its optimisations off: what a model computed before a pass it must compute after it.</summary>
internal static class Oracle
{
    public static void AssertSame(OnnxModel original, OnnxModel rewritten, double tolerance = 0)
    {
        var report = Validator.Validate(original, rewritten, new ValidationOptions { Rtol = tolerance, Atol = tolerance, Seed = 1 });
        Assert.IsTrue(report.Passed, string.Join("; ", report.Outputs.Where(o => !o.Passed)));
        Assert.AreEqual(0, report.Notes.Count, string.Join("; ", report.Notes));
    }
}
