using System.Runtime.InteropServices;
using FlashRt.Onnx.Native;
using FlashRt.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlashRt.Onnx;

/// <summary>
/// A tensor in CPU or GPU memory. Data go in and out by <see cref="CopyFrom{T}"/> and <see cref="CopyTo{T}"/>, which work on any device;
/// a span over the data exists for CPU tensors only. Sizes are 64-bit. Disposing a tensor that a binding uses is safe: its memory stays
/// until the binding is disposed too.
/// </summary>
/// <remarks>Float16 tensors are seen as <see cref="Half"/> or ONNX Runtime's <see cref="Float16"/>, all other types as one C# type each.</remarks>
public class DeviceTensor : IDisposable
{
    private readonly long[] _shape;
    private readonly object? _keepAlive;
    private readonly bool _owns;
    private readonly long _offset;
    private readonly Lock _lock = new();
    private OrtValue? _value;

    private protected DeviceTensor(TensorMemory memory, TensorElementType elementType, ReadOnlySpan<long> shape, object? keepAlive, bool owns, long offset = 0)
    {
        Memory = memory;
        _offset = offset;
        ElementType = elementType;
        _shape = shape.ToArray();
        _keepAlive = keepAlive;
        _owns = owns;
        ElementCount = Dims.Count(shape);
    }

    /// <summary>The ONNX element type.</summary>
    public TensorElementType ElementType { get; }

    /// <summary>The dimensions; empty for a scalar.</summary>
    public ReadOnlySpan<long> Shape => _shape;

    /// <summary>Number of elements.</summary>
    public long ElementCount { get; }

    /// <summary>Number of bytes.</summary>
    public long ByteCount => ElementCount * ElementTypes.SizeOf(ElementType);

    /// <summary>Where the data lie.</summary>
    public TensorDevice Device => Memory.Device;

    /// <summary>
    /// The tensor as ONNX Runtime sees it, over the same memory. It belongs to this tensor. For a tensor on a GPU its GetTensorDataAsSpan and the
    /// like give spans over GPU addresses, which crash when read.
    /// </summary>
    public OrtValue Value
    {
        get
        {
            lock (_lock)
            {
                if (_value is not null) return _value;
                using TensorMemory.Lease lease = Memory.Use();
                using OrtMemoryInfo info = Device.CreateMemoryInfo();
                return _value = OrtValue.CreateTensorValueWithData(info, ElementType, _shape, AddressIn(lease), ByteCount);
            }
        }
    }

    internal TensorMemory Memory { get; }

    /// <summary>Allocates a tensor filled with zeros.</summary>
    /// <exception cref="FlashRtException">No such device, no memory left, or a type that cannot be a device tensor.</exception>
    public static DeviceTensor Create(TensorElementType elementType, ReadOnlySpan<long> shape, TensorDevice device = default) =>
        new(TensorMemory.Allocate(Dims.Bytes(shape, ElementTypes.SizeOf(elementType)), device), elementType, shape, keepAlive: null, owns: true);

    /// <summary>Allocates a tensor filled with zeros. Half and Float16 give a Float16 tensor.</summary>
    /// <exception cref="FlashRtException">No such device, no memory left, or a type that cannot be a device tensor.</exception>
    public static DeviceTensor<T> Create<T>(ReadOnlySpan<long> shape, TensorDevice device = default) where T : unmanaged
    {
        TensorElementType elementType = ElementTypes.Of<T>();
        return new(TensorMemory.Allocate(Dims.Bytes(shape, ElementTypes.SizeOf(elementType)), device), elementType, shape, keepAlive: null, owns: true);
    }

    /// <summary>Allocates a tensor and copies data into it.</summary>
    /// <exception cref="FlashRtException">The shape does not have as many elements as the data, or the device has no room.</exception>
    public static DeviceTensor<T> From<T>(ReadOnlySpan<T> data, ReadOnlySpan<long> shape, TensorDevice device = default) where T : unmanaged
    {
        if (Dims.Count(shape) != data.Length)
            throw new FlashRtException($"The shape {Dims.Text(shape)} has {Dims.Count(shape)} elements, the data have {data.Length}.");
        DeviceTensor<T> tensor = Create<T>(shape, device);
        tensor.CopyFrom(data);
        return tensor;
    }

    /// <summary>Copies elements in; the data must have exactly as many elements as the tensor.</summary>
    /// <exception cref="FlashRtException">Another element type or count.</exception>
    public unsafe void CopyFrom<T>(ReadOnlySpan<T> data) where T : unmanaged
    {
        CheckType<T>();
        CheckCount(data.Length, "the source");
        fixed (T* source = data) CopyIn((nint)source);
    }

    /// <summary>Copies elements out; the destination must have exactly as many elements as the tensor.</summary>
    /// <exception cref="FlashRtException">Another element type or count.</exception>
    public unsafe void CopyTo<T>(Span<T> destination) where T : unmanaged
    {
        CheckType<T>();
        CheckCount(destination.Length, "the destination");
        fixed (T* target = destination) CopyOut((nint)target);
    }

    /// <summary>A copy of the elements. Larger tensors than an array can hold are copied out in parts of a <see cref="Slice"/>.</summary>
    /// <exception cref="FlashRtException">Another element type.</exception>
    public T[] ToArray<T>() where T : unmanaged
    {
        CheckType<T>();
        if (ElementCount > Array.MaxLength) throw new FlashRtException($"A tensor of {ElementCount} elements does not fit an array: "
            + "copy slices of it.");
        var copy = new T[ElementCount];
        CopyTo(copy.AsSpan());
        return copy;
    }

    /// <summary>Copies elements in as the bytes that they are in memory, for code that does not know the type.</summary>
    /// <exception cref="FlashRtException">Another number of bytes.</exception>
    public unsafe void CopyFromBytes(ReadOnlySpan<byte> data)
    {
        CheckBytes(data.Length, "the source");
        fixed (byte* source = data) CopyIn((nint)source);
    }

    /// <summary>Copies elements out as the bytes that they are in memory.</summary>
    /// <exception cref="FlashRtException">Another number of bytes.</exception>
    public unsafe void CopyToBytes(Span<byte> destination)
    {
        CheckBytes(destination.Length, "the destination");
        fixed (byte* target = destination) CopyOut((nint)target);
    }

    /// <summary>Copies another tensor of the same type and element count in, between any two devices.</summary>
    /// <exception cref="FlashRtException">Another element type or count.</exception>
    public void CopyFrom(DeviceTensor source)
    {
        ArgumentNullException.ThrowIfNull(source);
        if (source.ElementType != ElementType) throw new FlashRtException($"A tensor of {source.ElementType} cannot be "
            + $"copied into one of {ElementType}.");
        CheckCount(source.ElementCount, "the source");
        TensorMemory.Copy(source.Memory, source._offset, Memory, _offset, ByteCount);
        GC.KeepAlive(source);
        GC.KeepAlive(this);
    }

    /// <summary>Sets every element to a number, rounded to the element type. Meant for small tensors such as a time step.</summary>
    /// <exception cref="FlashRtException">A bool tensor, or a number that the integer type cannot hold.</exception>
    public void Fill(double value) => Filling.Fill(this, value);

    /// <summary>The same memory seen with a C# type. The view does not own the memory.</summary>
    /// <exception cref="FlashRtException">The tensor's elements are not of that type.</exception>
    public DeviceTensor<T> As<T>() where T : unmanaged
    {
        CheckType<T>();
        return this as DeviceTensor<T> ?? new(Memory, ElementType, _shape, keepAlive: this, owns: false, _offset);
    }

    /// <summary>
    /// The first elements of the same memory seen with another shape, for buffers that are larger than the tensor of a step. The view does not own
    /// the memory.
    /// </summary>
    /// <exception cref="FlashRtException">The shape has more elements than the memory.</exception>
    public DeviceTensor View(ReadOnlySpan<long> shape)
    {
        long bytes = Dims.Bytes(shape, ElementTypes.SizeOf(ElementType));
        if (bytes > Memory.Bytes - _offset)
            throw new FlashRtException($"A view of shape {Dims.Text(shape)} needs {bytes} bytes, "
                + $"the tensor {Dims.Text(_shape)} has {Memory.Bytes - _offset}.");
        return new(Memory, ElementType, shape, keepAlive: this, owns: false, _offset);
    }

    /// <summary>
    /// A range of the elements, in row-major order, as a one-dimensional tensor over the same memory. The view does not own the memory.
    /// </summary>
    /// <exception cref="FlashRtException">The range is not inside the tensor.</exception>
    public DeviceTensor Slice(long start, long count)
    {
        if (start < 0 || count < 0 || start > ElementCount - count)
            throw new FlashRtException($"{count} elements from {start} on are not inside a tensor of {ElementCount} elements.");
        return new(Memory, ElementType, [count], keepAlive: this, owns: false, _offset + start * ElementTypes.SizeOf(ElementType));
    }

    /// <summary>"Float16[1,24] on cuda:0".</summary>
    public override string ToString() => $"{ElementType}{Dims.Text(_shape)} on {Device}";

    /// <summary>Frees the memory if this tensor owns it and nothing else uses it any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _value?.Dispose();
            _value = null;
        }
        if (_owns) Memory.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Memory that ONNX Runtime allocated; the tensor disposes the value.</summary>
    internal static DeviceTensor Wrap(OrtValue value)
    {
        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        TensorDevice device;
        using (OrtMemoryInfo memory = value.GetTensorMemoryInfo()) device = TensorDevice.Of(memory);
        long bytes = info.ElementCount * ElementTypes.SizeOf(info.ElementDataType);
        // An empty tensor has no address; its memory is never touched.
        nint address = bytes == 0 ? 1 : OrtFunctions.TensorData(value);
        return new(TensorMemory.Borrow(address, bytes, device), info.ElementDataType, info.Shape, keepAlive: value, owns: true) { _value = value };
    }

    /// <summary>
    /// Copies rows of another tensor to the front of this one, back to back: `count` elements from each `stride`, beginning at `start`.
    /// </summary>
    internal void CopyRows(DeviceTensor source, long rows, long count, long start, long stride)
    {
        int size = ElementTypes.SizeOf(ElementType);
        using TensorMemory.Lease from = source.Memory.Use(), to = Memory.Use();
        TensorMemory.CopyRaw(source.AddressIn(from) + (nint)(start * size), source.Device, AddressIn(to), Device, count * size, rows, stride * size);
        GC.KeepAlive(source);
        GC.KeepAlive(this);
    }

    /// <summary>Whether two tensors share bytes.</summary>
    internal bool Overlaps(DeviceTensor other)
    {
        if (Device != other.Device) return false;
        using TensorMemory.Lease mine = Memory.Use(), theirs = other.Memory.Use();
        nint start = AddressIn(mine), otherStart = other.AddressIn(theirs);
        return start < otherStart + (nint)other.ByteCount && otherStart < start + (nint)ByteCount;
    }

    private protected nint AddressIn(in TensorMemory.Lease lease) => lease.Address + (nint)_offset;

    private protected void CheckType<T>() where T : unmanaged
    {
        if (!ElementTypes.Sees<T>(ElementType))
            throw new FlashRtException($"The tensor {this} has elements of type {ElementType}, "
                + $"seen as {ElementTypes.Seen(ElementType)}; {typeof(T).Name} was asked for.");
    }

    private void CheckCount(long count, string what)
    {
        if (count != ElementCount) throw new FlashRtException($"The tensor {this} has {ElementCount} elements, {what} has {count}.");
    }

    private void CheckBytes(long bytes, string what)
    {
        if (bytes != ByteCount) throw new FlashRtException($"The tensor {this} has {ByteCount} bytes, {what} has {bytes}.");
    }

    private void CopyIn(nint source)
    {
        using TensorMemory.Lease lease = Memory.Use();
        TensorMemory.CopyRaw(source, TensorDevice.Cpu, AddressIn(lease), Device, ByteCount);
        GC.KeepAlive(this);
    }

    private void CopyOut(nint destination)
    {
        using TensorMemory.Lease lease = Memory.Use();
        TensorMemory.CopyRaw(AddressIn(lease), Device, destination, TensorDevice.Cpu, ByteCount);
        GC.KeepAlive(this);
    }
}
