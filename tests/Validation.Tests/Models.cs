namespace FlashRt.Validation.Tests;

/// <summary>Models of the repository, and what a rewrite makes of them. Each call gives a model of its own.</summary>
internal static class Models
{
    public static string Folder(string name) => Repository.PathOf("models", name);

    public static OnnxModel Gemma => Load("gemma_fp16_dynamo");

    public static OnnxModel Load(string name) => OnnxModel.Load(Path.Combine(Folder(name), "model.onnx"));

    public static OnnxModel Rewritten(OnnxModel original, bool fallback = true)
    {
        var copy = original.Clone();
        Rewriter.Rewrite(copy, new RewriteOptions { Fallback = fallback });
        return copy;
    }

    public static IReadOnlyList<TestDataSet> Data(string name) => TestData.Read(Folder(name), Load(name));
}
