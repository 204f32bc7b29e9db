namespace FlashRt.GraphRewriter.Cli.Tests;

/// <summary>Every command on every hostile model: one line that says why and exit code 1, or the work done; never a crash, never a file left.</summary>
[TestClass]
public sealed class HostileModelTests : CliTest
{
    private const string Out = "out.onnx";

    [TestMethod]
    public void BrokenModelsAreRefusedByEveryCommand()
    {
        var before = Surround();
        Each(HostileModels.Refused.Select(m => (m.Name, m.File, m.Reason)), (path, reason) =>
        {
            foreach (var args in Commands(path))
            {
                var error = Fails(ExitCode.Refused, args);
                StringAssert.Contains(error, reason, string.Join(' ', args));
                Assert.IsFalse(error.TrimEnd('\n').Any(char.IsControl), $"control characters in {error}");
            }
            File.Delete(path);
            CollectionAssert.AreEqual(before, Files.ToArray(), "files were made");
        });
    }

    [TestMethod]
    public void ModelsThatARewriteMayNotTouchAreRefusedByIt()
    {
        var before = Surround();
        Each(HostileModels.NotRewritten.Select(m => (m.Name, m.File, m.Reason)), (path, reason) =>
        {
            foreach (var args in Commands(path))
                if (args[0] is "rewrite" or "inspect" or "explain") StringAssert.Contains(Fails(ExitCode.Refused, args), reason, string.Join(' ', args));
                else Settled(args);
            File.Delete(path);
            File.Delete(PathOf(Out));
            CollectionAssert.AreEqual(before, Files.ToArray(), "files were made");
        });
    }

    [TestMethod]
    public void UnusualModelsAreRewritten()
    {
        Surround();
        Each(HostileModels.Handled.Select(m => (m.Name, m.File, "")), (path, _) =>
        {
            Ok("rewrite", path, "-o", PathOf(Out), "--report", PathOf("r.json"), "--html", PathOf("r.html"));
            Assert.IsFalse(File.ReadAllText(PathOf("r.html")).Contains("<script"), "a name became a part of the page");
            // Rewritten, it runs as the original does or is refused as the original is.
            var (own, rewritten) = (Settled("validate", path, path), Settled("validate", path, PathOf(Out)));
            Assert.AreEqual(own.Code, rewritten.Code, $"{own} and rewritten {rewritten}");
            foreach (var args in Commands(path)) Settled(args);
        });
    }

    // All that fail are shown, each by its name.
    private void Each(IEnumerable<(string Name, byte[] File, string Reason)> models, Action<string, string> check)
    {
        var failures = new List<string>();
        foreach (var (name, file, reason) in models)
        {
            var path = PathOf(name + ".onnx");
            File.WriteAllBytes(path, file);
            try
            {
                check(path, reason);
            }
            catch (AssertFailedException e)
            {
                failures.Add($"{name}: {e.Message}");
            }
            File.Delete(path);
        }
        if (failures.Count > 0) Assert.Fail($"{failures.Count} fail:\n{string.Join('\n', failures)}");
    }

    // The command ends as it should: done, or with one line of why not.
    private static Result Settled(params string[] args)
    {
        var result = Run(args);
        var what = $"{string.Join(' ', args)}: {result}";
        Assert.IsTrue(result.Code is ExitCode.Ok or ExitCode.Refused, what);
        Assert.IsFalse(result.Output.Contains('\e'), what);
        Assert.IsFalse(result.Error.Contains("unexpected"), what);
        if (result.Error.Length > 0)
        {
            StringAssert.Matches(result.Error, new(@"\Aerror: [^\n]+\n\z"), what);
            Assert.AreEqual(ExitCode.Refused, result.Code, what);
        }
        return result;
    }

    private string[][] Commands(string path) =>
    [
        ["rewrite", path, "-o", PathOf(Out), "--report", PathOf("r.json"), "--html", PathOf("r.html")],
        ["validate", path, PathOf("good.onnx")],
        ["validate", PathOf("good.onnx"), path, "--sites"],
        ["explain", path],
        ["preflight", path],
        ["inspect", path],
        ["bench", path, "--runs", "1"],
        ["restore", path, "-o", PathOf(Out)],
    ];

    private string[] Surround()
    {
        HostileModels.Surround(PathOf(""));
        File.WriteAllBytes(PathOf("good.onnx"), HostileModels.Handled[0].File);
        return [.. Files];
    }
}
