using FlashRt.Onnx.Runtime;

namespace FlashRt.Onnx.Tests.Runtime;

[TestClass]
public class SessionThreadTests
{
    [TestMethod]
    public void RunsEverythingOnOneThreadAndGivesExceptionsBack()
    {
        using var thread = new SessionThread("test");
        var ids = new HashSet<int>();
        Parallel.For(0, 100, _ => thread.Run(() => ids.Add(Environment.CurrentManagedThreadId)));
        Assert.AreEqual(1, ids.Count);
        Assert.AreNotEqual(Environment.CurrentManagedThreadId, ids.Single());

        var error = Assert.ThrowsExactly<FlashRtException>(() => thread.Run(() => throw new FlashRtException("as thrown")));
        Assert.AreEqual("as thrown", error.Message);
        thread.Run(() => thread.Run(() => ids.Add(Environment.CurrentManagedThreadId)));
        Assert.AreEqual(1, ids.Count, "work inside work runs at once");
    }

    [TestMethod]
    public void FinishesItsWorkBeforeItEnds()
    {
        var thread = new SessionThread("test");
        bool done = false;
        using var started = new ManualResetEventSlim();
        Task work = Task.Run(() => thread.Run(() =>
        {
            started.Set();
            Thread.Sleep(50);
            done = true;
        }));
        started.Wait();
        thread.Dispose();
        Assert.IsTrue(done);
        work.Wait();
    }
}
