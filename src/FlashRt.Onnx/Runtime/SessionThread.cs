using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace FlashRt.Onnx.Runtime;

/// <summary>
/// The one thread on which a captured session runs. ONNX Runtime keeps CUDA graphs in thread-local contexts: another thread would warm
/// up and capture again. Work is done in order, and its exceptions appear at the caller.
/// </summary>
internal sealed class SessionThread : IDisposable
{
    private readonly BlockingCollection<Work> _queue = [];
    private readonly Thread _thread;

    internal SessionThread(string name)
    {
        // The thread holds the queue alone, so that a forgotten session can still be collected.
        BlockingCollection<Work> queue = _queue;
        _thread = new Thread(() => Loop(queue)) { IsBackground = true, Name = name };
        _thread.Start();
    }

    ~SessionThread() => _queue.CompleteAdding();

    internal void Run(Action action)
    {
        if (Thread.CurrentThread == _thread)
        {
            action();
            return;
        }
        using var work = new Work(action);
        _queue.Add(work);
        work.Done.Wait();
        work.Failure?.Throw();
    }

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _queue.CompleteAdding();
        if (Thread.CurrentThread == _thread) return;
        _thread.Join();
        _queue.Dispose();
    }

    private static void Loop(BlockingCollection<Work> queue)
    {
        foreach (Work work in queue.GetConsumingEnumerable())
        {
            try
            {
                work.Action();
            }
            catch (Exception error)
            {
                work.Failure = ExceptionDispatchInfo.Capture(error);
            }
            work.Done.Set();
        }
    }

    private sealed class Work(Action action) : IDisposable
    {
        internal Action Action { get; } = action;

        internal ManualResetEventSlim Done { get; } = new(false);

        internal ExceptionDispatchInfo? Failure { get; set; }

        public void Dispose() => Done.Dispose();
    }
}
