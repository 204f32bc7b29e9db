using System.Diagnostics;
using System.Globalization;
using FlashRt.GraphRewriter.Capture;
using Google.Protobuf;

namespace FlashRt.GraphRewriter.Tests.Fuzz;

/// <summary>
/// Damaged models are refused with the one exception that says why, or rewritten: no other exception, no hang, the same bytes from the same
/// model, and nothing left to do for a second rewrite. Every case has a seed of its own, so that a failure can be run alone:
/// FLASHRT_FUZZ_SEED=N FLASHRT_FUZZ_CASES=1; more cases with FLASHRT_FUZZ_CASES alone.
/// </summary>
[TestClass]
public sealed class FuzzTests
{
    private const int Cases = 20_000;

    // One in this many cases damages a real export, which takes a hundred times as long as a spelling.
    private const int ExportEvery = 50;

    private const int MostFailures = 10;

    private static readonly TimeSpan MostOfACase = TimeSpan.FromSeconds(20);

    private readonly string path = Path.GetTempFileName();
    private long started;
    private int current;

    [TestCleanup]
    public void RemoveFile() => File.Delete(path);

    [TestMethod]
    public void DamagedModelsAreRefusedOrRewritten()
    {
        int first = Setting("FLASHRT_FUZZ_SEED", 0), count = Setting("FLASHRT_FUZZ_CASES", Cases), rewritten = 0;
        var failures = new List<string>();
        var worker = new Thread(() =>
        {
            for (var i = first; i < first + count && failures.Count < MostFailures; i++)
                try
                {
                    if (Run(i)) rewritten++;
                }
                catch (Exception e)
                {
                    failures.Add($"case {i}: {e.GetType().Name}: {e.Message}\n{string.Join('\n', (e.StackTrace ?? "").Split('\n').Take(4))}");
                }
        }) { IsBackground = true };
        Volatile.Write(ref started, Stopwatch.GetTimestamp());
        worker.Start();
        while (!worker.Join(100))
            if (Stopwatch.GetElapsedTime(Volatile.Read(ref started)) > MostOfACase) Assert.Fail($"case {current} does not end");
        if (failures.Count > 0) Assert.Fail(string.Join('\n', failures));
        if (count >= 1000) Assert.IsTrue(rewritten > count / 6, $"only {rewritten} of {count} got as far as the rules");
    }

    // True when the case got through the rewriter.
    private bool Run(int seed)
    {
        current = seed;
        Volatile.Write(ref started, Stopwatch.GetTimestamp());
        var random = new Random(seed);
        var models = seed % ExportEvery == 0 ? Corpus.Exports : Corpus.Small;
        File.WriteAllBytes(path, Mutation.Of(models[random.Next(models.Count)], random));
        try
        {
            var mixed = random.Next(4) == 0;
            var options = new RewriteOptions { Repair = random.Next(4) == 0, CacheCapacity = random.Next(8) == 0 ? 0 : null };
            var model = Rewritten(mixed, options);
            var once = model.Proto.ToByteArray();
            if (!once.AsSpan().SequenceEqual(Rewritten(mixed, options).Proto.ToByteArray())) throw new InvalidOperationException("the same model gives other bytes");
            if (options.CacheCapacity is null) Again(once);
            Restorer.Restore(model);
            return true;
        }
        catch (OnnxModelException)
        {
            return false;  // the one answer to a broken model
        }
    }

    private OnnxModel Rewritten(bool mixed, RewriteOptions options)
    {
        var model = OnnxModel.Load(path, mixed);
        Preflight.Of(model);
        Rewriter.Rewrite(model, options);
        return model;
    }

    private void Again(byte[] once)
    {
        File.WriteAllBytes(path, once);
        try
        {
            var again = OnnxModel.Load(path, mixedTypes: true);
            var report = Rewriter.Rewrite(again, new RewriteOptions());
            if (!once.AsSpan().SequenceEqual(again.Proto.ToByteArray()))
                throw new InvalidOperationException("a second rewrite changes something: "
                    + $"{string.Join(", ", report.Canonical.Concat(report.Fusions).Select(c => $"{c.Key} {c.Value}"))}; {GraphDiff.First(ModelProto.Parser.ParseFrom(once), again.Proto)}");
        }
        catch (OnnxModelException e)
        {
            throw new InvalidOperationException($"the rewritten model is refused: {e.Message}", e);
        }
    }

    private static int Setting(string name, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : usual;
}
