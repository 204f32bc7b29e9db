namespace FlashRt.Onnx.Native;

/// <summary>
/// Keeps CUDA calls of the process away from a graph capture. ONNX Runtime captures in CUDA's global mode, in which an allocation, a
/// free or a synchronous copy on any other thread makes the capture fail. Everything this library does with a device takes part:
/// ordinary use is shared, a capture is alone.
/// </summary>
internal static class DeviceGate
{
    // Recursive, because a tensor may be freed or copied inside a capture step on the same thread.
    private static readonly ReaderWriterLockSlim s_lock = new(LockRecursionPolicy.SupportsRecursion);

    internal static Scope Use()
    {
        s_lock.EnterReadLock();
        return new(exclusive: false);
    }

    internal static Scope Capture()
    {
        s_lock.EnterWriteLock();
        return new(exclusive: true);
    }

    internal readonly ref struct Scope(bool exclusive) : IDisposable
    {
        public void Dispose()
        {
            if (exclusive) s_lock.ExitWriteLock();
            else s_lock.ExitReadLock();
        }
    }
}
