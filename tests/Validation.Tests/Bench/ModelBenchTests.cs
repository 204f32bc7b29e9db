using System.Text.Json;

namespace FlashRt.Validation.Tests.Bench;

[TestClass]
public class ModelBenchTests
{
    [TestMethod]
    public void TimesAreOrderedAndTheReportIsComplete()
    {
        var report = ModelBench.Run(Models.Gemma, new BenchOptions { Runs = 10, Library = false });
        Assert.IsTrue(report.MinUs > 0 && report.MinUs <= report.P50Us && report.P50Us <= report.P90Us, report.ToString());
        Assert.AreEqual(10, report.Runs);
        CollectionAssert.AreEqual(new[] { "input_ids: int64[1,8]" }, report.Inputs.ToArray());
        var json = JsonDocument.Parse(report.ToJson()).RootElement;
        CollectionAssert.AreEqual(new[] { "model", "provider", "cuda_graph", "inputs", "runs", "p50_us", "p90_us", "min_us" },
            json.EnumerateObject().Select(p => p.Name).ToArray());
    }

    [TestMethod]
    public void GivenInputsSetTheShapes()
    {
        var inputs = RandomInputs.For(Models.Gemma, new Dictionary<string, long[]> { ["input_ids"] = [1, 5] });
        var report = ModelBench.Run(Models.Gemma, new BenchOptions { Runs = 1, Library = false, Inputs = inputs });
        CollectionAssert.AreEqual(new[] { "input_ids: int64[1,5]" }, report.Inputs.ToArray());
    }

    [TestMethod]
    public void CudaRunsOnTheDevice()
    {
        Cuda.Require();
        Assert.AreEqual("cuda", ModelBench.Run(Models.Gemma, new BenchOptions { Runs = 5, Cuda = true, Library = false }).Provider);
    }
}
