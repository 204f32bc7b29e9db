namespace FlashRt.Onnx.Tests;

[TestClass]
public class DecodeLoopTests
{
    [TestMethod]
    public void AFixedCacheSwapsBuffers() => FixedCache(new(), CacheUpdate.Swap);

    [TestMethod]
    public void AFixedCacheMayBeUpdatedInPlace() => FixedCache(new() { Update = CacheUpdate.InPlace }, CacheUpdate.InPlace);

    [TestMethod]
    public void AFullCacheIsRefused()
    {
        using var session = FlashRtSession.Open(TestModels.FixedDecoder(), TestModels.Cpu);
        Full(new() { Update = CacheUpdate.InPlace }, 6);
        Full(new() { Update = CacheUpdate.Swap, Capacity = 3 }, 3);
        foreach (DecodeLoopOptions options in new DecodeLoopOptions[] { new(), new() { Update = CacheUpdate.InPlace, Capacity = long.MaxValue } })
        {
            using var loop = new DecodeLoop(session, options);
            for (int i = 0; i < 8; i++) loop.Step(1);
            Assert.AreEqual(8, loop.Position);
        }

        void Full(DecodeLoopOptions options, int capacity)
        {
            using var loop = new DecodeLoop(session, options);
            Assert.AreEqual(capacity, loop.Capacity);
            for (int i = 0; i < capacity; i++) loop.Step(1);
            AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => loop.Step(1)), $"room for {capacity} positions", $"positions {capacity} to {capacity}");
            Assert.AreEqual(capacity, loop.Position);
            loop.Reset();
            loop.Step(1);
        }
    }

    [TestMethod]
    public void AWindowKeepsTheNewestPositions()
    {
        using var session = FlashRtSession.Open(TestModels.ConcatDecoder(3, 4), TestModels.Cpu);
        using var loop = new DecodeLoop(session);
        Assert.AreEqual(CacheUpdate.Window, loop.Update);
        // logits = sums of tokens and of positions over the 3 newest positions and the new one
        long[] tokens = [5, 1, 2, 4, 8, 16];
        for (int i = 0; i < tokens.Length; i++)
        {
            float[] logits = loop.Step(tokens[i]).ToArray<float>();
            Assert.AreEqual(tokens[Math.Max(0, i - 3)..(i + 1)].Sum(), logits[0]);
            Assert.AreEqual(Enumerable.Range(Math.Max(0, i - 3), Math.Min(i + 1, 4)).Sum(), logits[1]);
        }
        CollectionAssert.AreEqual(new float[] { 4, 3, 8, 4, 16, 5 }, loop.Past("past_0").ToArray<float>());
    }

    [TestMethod]
    public void AGrowingCacheKeepsAllPositions()
    {
        using var session = FlashRtSession.Open(TestModels.ConcatDecoder("past", "total"), TestModels.Cpu);
        using var loop = new DecodeLoop(session, new() { InitialCapacity = 2 });
        Assert.AreEqual(CacheUpdate.Grow, loop.Update);
        for (int round = 0; round < 2; round++)
        {
            for (int i = 1; i <= 20; i++) Assert.AreEqual(i * (i + 1) / 2, loop.Step(i).ToArray<float>()[0]);
            CollectionAssert.AreEqual(new long[] { 1, 1, 20, 2 }, loop.Past("past_0").Shape.ToArray());
            loop.Reset();
        }
        loop.Reset(2);
        loop.Past("past_0").CopyFrom(new float[] { 100, 0, 200, 1 });
        Assert.AreEqual(301, loop.Step(1).ToArray<float>()[0]);
    }

    [TestMethod]
    public void GeneratesTokens()
    {
        using var session = FlashRtSession.Open(TestModels.ConcatDecoder("past", "total"), TestModels.Cpu);
        using var loop = new DecodeLoop(session);
        long[] tokens = [.. loop.Generate(1, 5, logits => (long)logits.ToArray<float>()[0])];
        CollectionAssert.AreEqual(new long[] { 1, 2, 4, 8, 16 }, tokens);
        Assert.AreEqual(5, loop.Position);
    }

    [TestMethod]
    public void GreedyTakesTheGreatestOfTheLastPosition()
    {
        using var logits = DeviceTensor.From<float>([9, 0, 0, 1, 2, -3], [1, 2, 3]);
        Assert.AreEqual(1, DecodeLoop.Greedy(logits));
        using var half = DeviceTensor.From<Half>([(Half)(-2), (Half)(-1)], [2]);
        Assert.AreEqual(1, DecodeLoop.Greedy(half));
        using var integers = DeviceTensor.Create<int>([2]);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => DecodeLoop.Greedy(integers)), "Int32");
    }

    [TestMethod]
    public void ErrorsSayWhatIsWrong()
    {
        using var noCache = FlashRtSession.Open(TestModels.Affine(1), TestModels.Cpu);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => new DecodeLoop(noCache)), "past", "Cache");
        using var session = FlashRtSession.Open(TestModels.ConcatDecoder(3, 4), TestModels.Cpu);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => new DecodeLoop(session, new() { Update = CacheUpdate.InPlace })), "past_0", "present_0", "InPlace");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => new DecodeLoop(session, new() { TokenInput = "ids" })), "'ids'");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => new DecodeLoop(session, new() { Cache = null! })), "DecodeLoopOptions.Cache");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => new DecodeLoop(session, new() { Capacity = -1 })), "DecodeLoopOptions.Capacity");
        using var loop = new DecodeLoop(session);
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => loop.Step(1, 2)), "takes 1 tokens", "2 were given");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => loop.Past("past_9")), "past_9", "past_0");
        AssertMessage.Contains(Assert.ThrowsExactly<FlashRtException>(() => loop.Input("mask")), "'mask'");
    }

    [TestMethod]
    public void GemmaDecodesAsItDoesStepByStep()
    {
        using var session = FlashRtSession.Open(TestModels.File("gemma_fp16_decode_dynamo"), TestModels.Cpu);
        ModelLoops.Gemma(session, session);
    }

    private static void FixedCache(DecodeLoopOptions options, CacheUpdate expected)
    {
        using var session = FlashRtSession.Open(TestModels.FixedDecoder(), TestModels.Cpu);
        using var loop = new DecodeLoop(session, options);
        Assert.AreEqual(expected, loop.Update);
        for (int i = 0; i < 6; i++) Assert.AreEqual((1 << (i + 1)) - 1, loop.Step(1 << i).ToArray<float>()[0]);
        CollectionAssert.AreEqual(new float[] { 1, 0, 2, 1, 4, 2, 8, 3, 16, 4, 32, 5 }, loop.Past("past_0").ToArray<float>());
        loop.Reset();
        Assert.AreEqual(63 + 99, loop.Step(100).ToArray<float>()[0], "position 0 is overwritten");
    }
}
