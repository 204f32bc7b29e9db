using FlashRt.Onnx.Native;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlashRt.Onnx;

/// <summary>A <see cref="DeviceTensor"/> whose elements are seen as <typeparamref name="T"/>.</summary>
/// <typeparam name="T">float, double, Half, Float16, BFloat16, bool, or an integer type of 8 to 64 bits.</typeparam>
public sealed class DeviceTensor<T> : DeviceTensor where T : unmanaged
{
    internal DeviceTensor(TensorMemory memory, TensorElementType elementType, ReadOnlySpan<long> shape, object? keepAlive, bool owns, long offset = 0)
        : base(memory, elementType, shape, keepAlive, owns, offset)
    {
    }

    /// <summary>
    /// The elements in place, for a tensor in CPU memory. The span must not be used after the tensor is disposed.
    /// </summary>
    /// <exception cref="FlashRtException">The tensor lies on a GPU, whose memory the CPU cannot read, or has more elements than a span
    /// can.</exception>
    public unsafe Span<T> Span
    {
        get
        {
            if (Device.IsCuda) throw new FlashRtException($"The tensor {this} lies in GPU memory, "
                + "which the CPU cannot read: use CopyTo, CopyFrom or ToArray.");
            if (ElementCount > int.MaxValue) throw new FlashRtException($"A span cannot hold the {ElementCount} elements of {this}: use Slice.");
            using TensorMemory.Lease lease = Memory.Use();
            return new Span<T>((void*)AddressIn(lease), (int)ElementCount);
        }
    }

    /// <summary>Copies elements in; the data must have exactly as many elements as the tensor.</summary>
    /// <exception cref="FlashRtException">Another element count.</exception>
    public void CopyFrom(ReadOnlySpan<T> data) => CopyFrom<T>(data);

    /// <summary>Copies elements out; the destination must have exactly as many elements as the tensor.</summary>
    /// <exception cref="FlashRtException">Another element count.</exception>
    public void CopyTo(Span<T> destination) => CopyTo<T>(destination);

    /// <summary>A copy of the elements.</summary>
    public T[] ToArray() => ToArray<T>();
}
