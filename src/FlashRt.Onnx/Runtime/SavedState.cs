namespace FlashRt.Onnx.Runtime;

/// <summary>Copies, on their devices, of the buffers that a run changes in place.</summary>
internal sealed class SavedState : IDisposable
{
    private readonly List<(DeviceTensor Buffer, DeviceTensor Copy)> _saved = [];

    internal SavedState(BufferPlan buffers)
    {
        foreach (string name in buffers.Stateful)
        {
            DeviceTensor buffer = buffers.Outputs[name];
            DeviceTensor copy = DeviceTensor.Create(buffer.ElementType, buffer.Shape, buffer.Device);
            _saved.Add((buffer, copy));
            copy.CopyFrom(buffer);
        }
    }

    internal void Restore()
    {
        foreach (var (buffer, copy) in _saved) buffer.CopyFrom(copy);
    }

    public void Dispose()
    {
        foreach (var (_, copy) in _saved) copy.Dispose();
    }
}
