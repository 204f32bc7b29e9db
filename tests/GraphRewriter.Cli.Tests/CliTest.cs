using System.Text.Json;

namespace FlashRt.GraphRewriter.Cli.Tests;

/// <summary>Runs commands in-process, in a folder of the test's own.</summary>
public abstract class CliTest : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flashrt-cli-").FullName;

    protected static string Gemma => Model("gemma_fp16_dynamo");

    public void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected static string Model(string name) => Repository.PathOf("models", name, "model.onnx");

    protected string PathOf(string name) => Path.Combine(_folder, name);

    protected IEnumerable<string> Files => Directory.EnumerateFileSystemEntries(_folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal);

    /// <summary>What a command said and returned.</summary>
    protected sealed record Result(int Code, string Output, string Error);

    protected static Result Run(params string[] args)
    {
        using StringWriter output = new(), error = new();
        var code = CliApp.Run(args, output, error);
        return new Result(code, output.ToString(), error.ToString());
    }

    /// <summary>Succeeds, says nothing on stderr, and prints no escape codes; returns the output.</summary>
    protected static string Ok(params string[] args)
    {
        var result = Run(args);
        Assert.AreEqual(ExitCode.Ok, result.Code, result.ToString());
        Assert.AreEqual("", result.Error);
        Assert.IsFalse(result.Output.Contains('\e'), "escape codes in redirected output");
        return result.Output;
    }

    /// <summary>Fails with one line on stderr, which is returned, and leaves no temporary files.</summary>
    protected string Fails(int code, params string[] args)
    {
        var result = Run(args);
        Assert.AreEqual(code, result.Code, result.ToString());
        StringAssert.StartsWith(result.Error, "error: ");
        Assert.AreEqual(1, result.Error.TrimEnd().Split('\n').Length, result.Error);
        Assert.IsFalse(result.Error.Contains("   at "), result.Error);
        Assert.IsFalse(Files.Any(f => f.EndsWith(".tmp")), "temporary files are left");
        return result.Error;
    }

    /// <summary>Rewrites a model of the repository into the test's folder.</summary>
    protected string Rewritten(string model = "gemma_fp16_dynamo", params string[] options)
    {
        var path = PathOf(model + ".rewritten.onnx");
        Ok(["rewrite", Model(model), "-o", path, .. options]);
        return path;
    }

    protected static JsonElement Json(string path) => JsonDocument.Parse(File.ReadAllText(path)).RootElement;

    protected static string[] Keys(JsonElement element) => [.. element.EnumerateObject().Select(p => p.Name)];
}
