using FlashRt.GraphRewriter;
using FlashRt.Validation;

namespace FlashRt.Samples.Demo;

/// <summary>One model: rewrite, proof, and time before and after.</summary>
internal static class DemoModel
{
    /// <summary>Rewrites <paramref name="folder"/>/model.onnx to <paramref name="output"/>.</summary>
    public static DemoRow Run(string folder, string output, bool cuda)
    {
        var original = OnnxModel.Load(Path.Combine(folder, "model.onnx"));
        var copy = original.Clone();
        var rewrite = Rewriter.Rewrite(copy, new RewriteOptions());
        copy.Save(output);

        var rewritten = OnnxModel.Load(output);
        var data = TestData.Read(folder, original);
        var proof = Validator.Validate(original, rewritten, new ValidationOptions { Data = data, Sites = true, Cuda = cuda });

        var bench = new BenchOptions { Cuda = cuda, Inputs = data[0].Inputs, Budget = TimeSpan.FromSeconds(1) };
        var before = ModelBench.Run(original, bench with { Library = false });
        var after = ModelBench.Run(rewritten, bench);
        return new DemoRow(Path.GetFileName(folder), rewrite, proof, before, after);
    }
}
