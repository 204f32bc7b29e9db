using System.Text.RegularExpressions;

namespace FlashRt.GraphRewriter.Cli.Tests;

[TestClass]
public class CommandLineTests : CliTest
{
    private static readonly string[] Commands = ["rewrite", "validate", "explain", "preflight", "inspect", "bench", "ops", "validate-ops", "devices", "restore"];

    [TestMethod]
    public void HelpListsTheCommands()
    {
        var help = Ok("--help");
        foreach (var command in Commands) StringAssert.Contains(help, command);
    }

    [TestMethod]
    public void EveryCommandHasHelp()
    {
        foreach (var command in Commands) StringAssert.Matches(Ok(command, "--help"), new($@"Usage:\s+\S+ {command}"));
    }

    [TestMethod]
    public void TheReadmeHasEveryOption()
    {
        var readme = File.ReadAllLines(Repository.PathOf("README.md"));
        foreach (var command in Commands)
        {
            var row = readme.Single(l => l.StartsWith($"| `flashrt {command}", StringComparison.Ordinal) && l[$"| `flashrt {command}".Length] is ' ' or '`');
            foreach (Match option in Regex.Matches(Ok(command, "--help"), @"(?<=^ +.*)--[a-z-]+(?=.*  )", RegexOptions.Multiline))
                if (option.Value is not ("--help" or "--output")) StringAssert.Contains(row, option.Value, command);
        }
    }

    [TestMethod]
    public void TheVersionIsPrinted() => StringAssert.Matches(Ok("--version"), new(@"^\d+\.\d+\.\d+"));

    [TestMethod]
    [DataRow()]
    [DataRow("compile")]
    [DataRow("rewrite")]
    [DataRow("validate", "one.onnx")]
    [DataRow("ops", "--yaml")]
    [DataRow("rewrite", "one.onnx", "-o", "two.onnx", "--validate", "--kv-cache")]
    [DataRow("bench", "one.onnx", "--cuda-graph", "--provider")]
    public void MistakesAreUsageErrors(params string[] args) => StringAssert.Contains(Fails(ExitCode.Usage, args), "--help'");

    [TestMethod]
    public void AnUnknownOptionIsNamed() => StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", PathOf("x.onnx"), "--fast"), "--fast");

    [TestMethod]
    [DataRow("rewrite", "-o")]
    [DataRow("rewrite", "--report")]
    [DataRow("rewrite", "--html")]
    [DataRow("restore", "--output")]
    [DataRow("validate", "--report")]
    [DataRow("explain", "--report")]
    [DataRow("bench", "--report")]
    public void AnOptionWithoutItsValueIsNamed(string command, params string[] options)
    {
        string[] models = command == "validate" ? [Gemma, Gemma] : [Gemma], output = command == "rewrite" && options[0] != "-o" ? ["-o", PathOf("x.onnx")] : [];
        StringAssert.Contains(Fails(ExitCode.Usage, [command, .. models, .. output, .. options]), $"Required argument missing for option: '{options[^1]}'");
    }

    [TestMethod]
    public void AnOptionGivenTwiceIsNamed() =>
        StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", Gemma, "-o", PathOf("x.onnx"), "-o", PathOf("y.onnx")), "'-o' expects a single argument");

    [TestMethod]
    public void AMissingFileIsAUsageError()
    {
        foreach (var command in new[] { "inspect", "bench" })
            StringAssert.Contains(Fails(ExitCode.Usage, command, PathOf("none.onnx")), "none.onnx: no such file");
        StringAssert.Contains(Fails(ExitCode.Usage, "rewrite", PathOf("none.onnx"), "-o", PathOf("x.onnx")), "no such file");
        StringAssert.Contains(Fails(ExitCode.Usage, "restore", PathOf("none.onnx"), "-o", PathOf("x.onnx")), "no such file");
        StringAssert.Contains(Fails(ExitCode.Usage, "validate", Gemma, PathOf("none.onnx")), "no such file");
    }
}
