namespace FlashRt.Onnx.Runtime;

/// <summary>The past and present buffers of a decoder and the bindings that use them.</summary>
internal abstract class KvCache : IDisposable
{
    /// <summary>The past that the next step reads.</summary>
    internal abstract DeviceTensor Past(int pair);

    /// <summary>Runs a step at a position and makes its present the next step's past. Returns the binding that ran.</summary>
    internal abstract BoundSession Run(long position);

    internal virtual void Reset(long position)
    {
    }

    public abstract void Dispose();
}
