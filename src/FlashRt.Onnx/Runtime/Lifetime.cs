namespace FlashRt.Onnx.Runtime;

/// <summary>Counts the uses of an object that are under way, so that Dispose on another thread waits for them and later uses are refused.</summary>
internal sealed class Lifetime(string objectName)
{
    private readonly object _lock = new();
    private int _users;
    private bool _closed;

    internal void Enter() => ObjectDisposedException.ThrowIf(!TryEnter(), objectName);

    internal bool TryEnter()
    {
        lock (_lock)
        {
            if (_closed) return false;
            _users++;
            return true;
        }
    }

    internal void Exit()
    {
        lock (_lock)
        {
            _users--;
            if (_users == 0 && _closed) Monitor.PulseAll(_lock);
        }
    }

    /// <summary>Refuses new uses and waits for those under way. True for the first caller, who then cleans up.</summary>
    internal bool Close()
    {
        lock (_lock)
        {
            if (_closed) return false;
            _closed = true;
            while (_users > 0) Monitor.Wait(_lock);
            return true;
        }
    }
}
