using System.Text.Json;

namespace FlashRt.GraphRewriter.Cli.Tests;

[TestClass]
public class PreflightCommandTests : CliTest
{
    [TestMethod]
    public void AModelIsCapturableWithDoubtsAndSaysWhatToDo()
    {
        var output = Ok("preflight", Gemma);
        StringAssert.Contains(output, "can be captured, with doubts");
        StringAssert.Contains(output, "dynamic axes: seq");
        StringAssert.Contains(output, "replays unsafely: ");
        StringAssert.Contains(output, "what to do: ");
    }

    [TestMethod]
    public void JsonHasTheSame()
    {
        var json = JsonDocument.Parse(Ok("preflight", Gemma, "--shape", "input_ids=1x24", "--json")).RootElement;
        CollectionAssert.AreEqual(new[] { "model", "onnxruntime", "capturable", "safe", "nodes", "shape_nodes", "dynamic_axes", "blockers", "unsafe", "frozen" }, Keys(json));
        Assert.AreEqual(0, json.GetProperty("dynamic_axes").GetArrayLength());
        CollectionAssert.AreEqual(new[] { "node", "op", "reason", "advice" }, Keys(json.GetProperty("unsafe")[0]));
    }

    [TestMethod]
    public void AModelThatCannotBeCapturedExitsWith1()
    {
        var result = Run("preflight", Model("pi0_prefix_fp16"));
        Assert.AreEqual(ExitCode.Refused, result.Code);
        StringAssert.Contains(result.Output, "cannot be captured");
        StringAssert.Contains(result.Output, "NonZero 'node_NonZero_183'");
    }
}
