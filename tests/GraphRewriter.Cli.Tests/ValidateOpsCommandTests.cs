using FlashRt.Onnx;

namespace FlashRt.GraphRewriter.Cli.Tests;

[TestClass]
public class ValidateOpsCommandTests : CliTest
{
    [TestMethod]
    public void AnOpIsProvedOnThisMachine()
    {
        string output = Ok("validate-ops", "--op", "RmsNorm", "--report", PathOf("ops.json"));
        StringAssert.Contains(output, "N05");
        StringAssert.Contains(output, "of 1 ops pass");
        var report = Json(PathOf("ops.json"));
        CollectionAssert.AreEqual(new[] { "passed", "provider", "ops" }, Keys(report));
        Assert.IsTrue(report.GetProperty("passed").GetBoolean());
        var first = report.GetProperty("ops")[0];
        CollectionAssert.AreEqual(new[] { "op", "seed_ids", "signature", "shapes", "worst_error", "tolerance", "passed", "failures" }, Keys(first));
        Assert.IsGreaterThan(0, first.GetProperty("shapes").GetArrayLength());
    }

    [TestMethod]
    public void AnUnknownOpIsAUsageError() => StringAssert.Contains(Fails(ExitCode.Usage, "validate-ops", "--op", "RmsNrom"), "RmsNrom");

    [TestMethod]
    public void CudaNeedsADevice()
    {
        if (FlashRtDevice.Count > 0) Assert.Inconclusive("this machine has a GPU");
        StringAssert.Contains(Fails(ExitCode.Refused, "validate-ops", "--op", "RmsNorm", "--provider", "cuda"), "no usable CUDA device");
    }
}
