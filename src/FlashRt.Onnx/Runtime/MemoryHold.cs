namespace FlashRt.Onnx.Runtime;

/// <summary>Keeps the memory of tensors from being freed while ONNX Runtime has their addresses.</summary>
internal sealed class MemoryHold : IDisposable
{
    private readonly List<DeviceTensor> _held = [];

    // A handle with references left is never freed, not even by its own finaliser.
    ~MemoryHold() => Release();

    internal void Add(DeviceTensor tensor)
    {
        bool added = false;
        tensor.Memory.DangerousAddRef(ref added);
        _held.Add(tensor);
    }

    public void Dispose()
    {
        Release();
        GC.SuppressFinalize(this);
    }

    private void Release()
    {
        foreach (DeviceTensor tensor in _held) tensor.Memory.DangerousRelease();
        _held.Clear();
    }
}
