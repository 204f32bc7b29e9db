using FlashRt.GraphRewriter.Capture;
using FlashRt.GraphRewriter.Ir;
using FlashRt.Validation;
using Google.Protobuf;

namespace FlashRt.Onnx.Tests;

/// <summary>The repository's models, rewritten: captured once and replayed on changing inputs, against ordinary runs of the originals.</summary>
[TestClass]
public sealed class RewrittenModelsTests
{
    private const int Replays = 4;

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void RunsLikeTheOriginal(string name) => Compare(name, TestModels.Cpu, TestModels.Cpu);

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void ReplaysFollowTheInputs(string name)
    {
        Gpu.Require();
        Compare(name, Gpu.Plain, Gpu.Captured);
    }

    /// <summary>All of them, or the one that FLASHRT_TEST_MODEL names: after an illegal access a process has no CUDA any more.</summary>
    public static IEnumerable<object[]> Names => Environment.GetEnvironmentVariable("FLASHRT_TEST_MODEL") is { Length: > 0 } one ? [[one]] :
        Directory.GetFiles(Repository.PathOf("models"), "model.onnx", SearchOption.AllDirectories)
            .Select(f => new object[] { Path.GetRelativePath(Repository.PathOf("models"), Path.GetDirectoryName(f)!) }).OrderBy(row => (string)row[0], StringComparer.Ordinal);

    private static void Compare(string name, FlashRtOptions originally, FlashRtOptions rewritten)
    {
        string path = TestModels.File(name);
        var shapes = new Dictionary<string, long[]>();
        OnnxModel original = OnnxModel.Load(path), changed = OnnxModel.Load(path);
        // Fixed shapes: a dynamic export computes shapes on the CPU, which no graph can hold.
        foreach (var (input, tensor) in TestData.Read(Path.GetDirectoryName(path)!, original)[0].Inputs) shapes[input] = [.. tensor.Dims];
        Rewriter.Rewrite(changed, new RewriteOptions { Shapes = shapes });
        // An illegal access in a replay would end every later test of the process too.
        if (rewritten.CudaGraph && Preflight.Of(changed).Unsafe is { Count: > 0 } stale)
            Assert.Inconclusive($"ONNX Runtime replays nodes of this model with stale addresses: {string.Join(", ", stale.Select(n => $"{n.Op} '{n.Node}'"))}");

        using var reference = FlashRtSession.Open(path, originally with { RegisterOps = false });
        using var session = FlashRtSession.Open(changed.Proto.ToByteArray(), rewritten);
        using BoundSession bound = session.Bind();
        for (int replay = 0; replay < Replays; replay++)
        {
            var inputs = new Dictionary<string, DeviceTensor>();
            foreach (var (input, host) in RandomInputs.For(original, shapes, seed: replay))
            {
                inputs[input] = DeviceTensor.Create(reference.Input(input).ElementType, [.. host.Dims]);
                inputs[input].CopyFromBytes(host.Bytes);
                if (bound.Inputs.TryGetValue(input, out DeviceTensor? buffer)) buffer.CopyFromBytes(host.Bytes);
            }
            bound.Run();
            using FlashRtOutputs outputs = reference.Run(inputs);
            foreach (TensorInfo output in reference.Outputs)
                ModelLoops.Near(Numbers(outputs[output.Name]), Numbers(bound.Output(output.Name)));
            foreach (DeviceTensor tensor in inputs.Values) tensor.Dispose();
        }
        Assert.AreEqual(rewritten.CudaGraph, bound.IsCaptured);
    }

    private static Half[] Numbers(DeviceTensor tensor) => tensor.ElementType == TensorElementType.Float
        ? Array.ConvertAll(tensor.ToArray<float>(), v => (Half)v)
        : tensor.ToArray<Half>();
}
