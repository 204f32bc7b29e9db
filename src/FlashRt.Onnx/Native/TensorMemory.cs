using System.Runtime.InteropServices;

namespace FlashRt.Onnx.Native;

/// <summary>
/// One block of memory on the CPU or on a CUDA device. Whoever uses the address holds a reference meanwhile, so that a Dispose on
/// another thread, or the finaliser, frees the block only after the last use.
/// </summary>
internal sealed class TensorMemory : SafeHandle
{
    private const nuint Alignment = 64;
    private readonly nint _address;

    private TensorMemory(nint block, nint address, long bytes, TensorDevice device, bool owns) : base(0, owns)
    {
        SetHandle(block);
        _address = address;
        Bytes = bytes;
        Device = device;
    }

    internal long Bytes { get; }

    internal TensorDevice Device { get; }

    public override bool IsInvalid => handle == 0;

    /// <summary>Allocates zeroed memory. An empty tensor gets an address too, because ONNX Runtime refuses a null one.</summary>
    internal static unsafe TensorMemory Allocate(long bytes, TensorDevice device)
    {
        nuint size = (nuint)Math.Max(bytes, 1);
        if (!device.IsCuda)
        {
            // Zeroed pages come from the system untouched; aligning is left to us.
            nuint block;
            try
            {
                block = (nuint)NativeMemory.AllocZeroed(checked(size + Alignment));
            }
            catch (OutOfMemoryException error)
            {
                throw new FlashRtException($"There is no memory for a tensor of {bytes} bytes on the CPU.", error);
            }
            return new((nint)block, (nint)((block + Alignment - 1) & ~(Alignment - 1)), bytes, device, owns: true);
        }
        using (DeviceGate.Use())
        {
            NativeMethods.Check(NativeMethods.flashrt_device_alloc(device.Index, size, out nint address));
            var memory = new TensorMemory(address, address, bytes, device, owns: true);
            NativeMethods.Check(NativeMethods.flashrt_device_fill(device.Index, address, 0, size, 0));
            NativeMethods.Check(NativeMethods.flashrt_stream_synchronize(device.Index, 0));
            return memory;
        }
    }

    /// <summary>Memory that someone else frees, later than this object's last use.</summary>
    internal static TensorMemory Borrow(nint address, long bytes, TensorDevice device) => new(address, address, bytes, device, owns: false);

    /// <summary>The address, to be used while the returned lease is not disposed.</summary>
    internal Lease Use() => new(this);

    protected override unsafe bool ReleaseHandle()
    {
        if (!Device.IsCuda)
        {
            NativeMemory.Free((void*)handle);
            return true;
        }
        using (DeviceGate.Use()) return NativeMethods.flashrt_device_free(Device.Index, handle) == NativeMethods.Status.Ok;
    }

    /// <summary>Copies between any two blocks; the data is in place when the call returns.</summary>
    internal static void Copy(TensorMemory source, long sourceOffset, TensorMemory destination, long destinationOffset, long bytes)
    {
        if (bytes == 0) return;
        using Lease from = source.Use(), to = destination.Use();
        CopyRaw(from.Address + (nint)sourceOffset, source.Device, to.Address + (nint)destinationOffset, destination.Device, bytes);
    }

    /// <summary>
    /// Copies from and to addresses on the devices given: one block, or rows that lie `stride` bytes apart in the source and back to back in the
    /// destination.
    /// </summary>
    internal static unsafe void CopyRaw(
        nint source, TensorDevice sourceDevice, nint destination, TensorDevice destinationDevice, long bytes, long rows = 1, long stride = 0)
    {
        if (bytes == 0) return;
        if (!sourceDevice.IsCuda && !destinationDevice.IsCuda)
        {
            for (long row = 0; row < rows; row++)
                Buffer.MemoryCopy((byte*)source + (row * stride), (byte*)destination + (row * bytes), bytes, bytes);
            return;
        }
        var kind = !sourceDevice.IsCuda ? NativeMethods.CopyKind.HostToDevice
            : !destinationDevice.IsCuda ? NativeMethods.CopyKind.DeviceToHost
            : NativeMethods.CopyKind.DeviceToDevice;
        int device = destinationDevice.IsCuda ? destinationDevice.Index : sourceDevice.Index;
        using (DeviceGate.Use())
        {
            for (long row = 0; row < rows; row++)
                NativeMethods.Check(NativeMethods.flashrt_copy(device, destination + (nint)(row * bytes), source + (nint)(row * stride), (nuint)bytes, kind, 0));
            // ONNX Runtime's stream does not wait for the default stream.
            if (kind == NativeMethods.CopyKind.DeviceToDevice) NativeMethods.Check(NativeMethods.flashrt_stream_synchronize(device, 0));
        }
    }

    internal readonly ref struct Lease : IDisposable
    {
        private readonly TensorMemory _memory;

        internal Lease(TensorMemory memory)
        {
            bool added = false;
            memory.DangerousAddRef(ref added);
            _memory = memory;
        }

        internal nint Address => _memory._address;

        public void Dispose() => _memory.DangerousRelease();
    }
}
