namespace FlashRt.CustomOps.Tests;

/// <summary>Four threads run one session at once, each on its own data; kernels keep no state, so each gets what it would get alone.</summary>
[TestClass]
public sealed class ConcurrencyTests
{
    private const int Threads = 4, Runs = 6;

    public static IEnumerable<object[]> Rows =>
        from op in OpCatalog.Ops
        from provider in op.Providers
        select new object[] { op.Name, Enum.Parse<OpProvider>(provider, ignoreCase: true) };

    [TestMethod, DynamicData(nameof(Rows))]
    public void ConcurrentRunsDoNotDisturbEachOther(string op, OpProvider provider)
    {
        Cuda.RequireFor(provider);
        var types = OpRows.Types(OpCatalog.Get(op));
        var opCase = OpRows.Cases(op, types.Contains("float16") ? "float16" : types[0]).MaxBy(c => c.Signature.Inputs.Count)!;
        // Samples that fit one session, the largest of them.
        var samples = opCase.Samples.GroupBy(s => string.Join(' ', opCase.Signature.Inputs.Select(i => s.Operands[i].Shape.Length)))
            .MaxBy(g => g.Count())!.OrderByDescending(s => s.Operands.Values.Sum(t => t.Count)).Take(Threads).ToList();

        using var session = OpSessions.Open(opCase.Signature, samples[0].Operands, provider);
        var expected = samples.Select(s => OpSessions.Run(session, s.Operands)).ToList();
        using var start = new Barrier(Threads);
        var tasks = Enumerable.Range(0, Threads).Select(thread => Task.Factory.StartNew(() =>
        {
            start.SignalAndWait();
            for (var run = 0; run < Runs; run++)
            {
                var k = (thread + run) % samples.Count;
                var actual = OpSessions.Run(session, samples[k].Operands);
                foreach (var (name, tensor) in expected[k])
                    CollectionAssert.AreEqual(tensor.Values, actual[name].Values, $"{opCase}, {samples[k].Why}, thread {thread}, run {run}, {name}");
            }
        }, TaskCreationOptions.LongRunning)).ToArray();
        Task.WaitAll(tasks);
    }
}
