using Google.Protobuf;
using FlashRt.GraphRewriter;

namespace FlashRt.Onnx.Tests;

/// <summary>A decode step rewritten with a cache in place computes what the step that concatenates does, and goes on where that ends.</summary>
[TestClass]
public sealed class InPlaceCacheTests
{
    private const int Past = 16, Capacity = 40;

    [TestMethod]
    public void FollowsTheConcatenatingStep()
    {
        string path = TestModels.File("gemma_fp16_decode_dynamo");
        OnnxModel model = OnnxModel.Load(path);
        RewriteReport report = Rewriter.Rewrite(model, new RewriteOptions { CacheCapacity = Capacity });
        Assert.AreEqual(4, report.Fusions["KvCacheWrite"]);
        Assert.AreEqual(2, report.Fusions["Attention"]);

        using var reference = FlashRtSession.Open(path, TestModels.Cpu with { RegisterOps = false });
        using var session = FlashRtSession.Open(model.Proto.ToByteArray(), TestModels.Cpu);
        using var before = new DecodeLoop(reference);
        using var after = new DecodeLoop(session, new() { Update = CacheUpdate.InPlace });
        Fill(before, after, reference);
        before.Reset(Past);
        after.Reset(Past);
        ModelLoops.Near(before.Step(7).ToArray<Half>(), after.Step(7).ToArray<Half>());
        Assert.AreEqual(Capacity, after.Past(reference.Inputs.First(i => i.Name.StartsWith("past", StringComparison.Ordinal)).Name).Shape[2]);
        for (int token = 8; token < 20; token++) Assert.IsTrue(after.Step(token).ToArray<Half>().All(Half.IsFinite));
    }

    [TestMethod]
    public void RunsWithoutTheLibraryToo()
    {
        OnnxModel model = OnnxModel.Load(TestModels.File("gemma_fp16_decode_dynamo"));
        Rewriter.Rewrite(model, new RewriteOptions { CacheCapacity = Capacity });
        byte[] bytes = model.Proto.ToByteArray();
        using var plain = FlashRtSession.Open(bytes, TestModels.Cpu with { RegisterOps = false });
        using var fused = FlashRtSession.Open(bytes, TestModels.Cpu);
        using var first = new DecodeLoop(plain, new() { Update = CacheUpdate.Swap });
        using var second = new DecodeLoop(fused, new() { Update = CacheUpdate.InPlace });
        for (int token = 1; token < 6; token++) ModelLoops.Near(first.Step(token).ToArray<Half>(), second.Step(token).ToArray<Half>());
    }

    [TestMethod]
    public void ModelsWithoutACacheAreRefused()
    {
        OnnxModel model = OnnxModel.Load(TestModels.File("gemma_fp16_dynamo"));
        AssertMessage.Contains(Assert.ThrowsExactly<OnnxModelException>(() => Rewriter.Rewrite(model, new RewriteOptions { CacheCapacity = 0 })), "position");
        OnnxModel decoder = OnnxModel.Load(TestModels.File("gemma_fp16_decode_dynamo"));
        AssertMessage.Contains(Assert.ThrowsExactly<OnnxModelException>(() => Rewriter.Rewrite(decoder, new RewriteOptions { CacheCapacity = -1 })), "-1 positions");
    }

    // The same keys and values in the first rows of both caches.
    private static void Fill(DecodeLoop before, DecodeLoop after, FlashRtSession reference)
    {
        var random = new Random(5);
        foreach (TensorInfo past in reference.Inputs.Where(i => i.Name.StartsWith("past", StringComparison.Ordinal)))
        {
            long heads = past.Dimensions[1], size = past.Dimensions[3];
            var shorter = new Half[heads * Past * size];
            var longer = new Half[heads * Capacity * size];
            for (int i = 0; i < shorter.Length; i++)
            {
                shorter[i] = (Half)(random.NextDouble() * 2 - 1);
                long row = i / size, head = row / Past;
                longer[((head * Capacity) + (row % Past)) * size + (i % size)] = shorter[i];
            }
            before.Past(past.Name).CopyFrom<Half>(shorter);
            after.Past(past.Name).CopyFrom<Half>(longer);
        }
    }
}
