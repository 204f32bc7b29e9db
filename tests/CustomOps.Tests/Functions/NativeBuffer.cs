using System.Runtime.InteropServices;
using static FlashRt.CustomOps.Tests.Functions.NativeFunctions;

namespace FlashRt.CustomOps.Tests.Functions;

/// <summary>Bytes where the C functions of a backend want them: in host memory or on device 0.</summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const int HostToDevice = 1, DeviceToHost = 2;

    private readonly bool _onDevice;
    private readonly int _length;

    public NativeBuffer(byte[] bytes, OpProvider provider)
    {
        (_onDevice, _length) = (provider == OpProvider.Cuda, bytes.Length);
        if (_onDevice)
        {
            void* memory;
            Check(flashrt_device_alloc(0, (nuint)_length, &memory));
            Data = memory;
        }
        else
        {
            Data = NativeMemory.Alloc((nuint)_length);
        }
        fixed (byte* source = bytes)
            Copy(Data, source, HostToDevice);
    }

    public void* Data { get; }

    public byte[] Read()
    {
        var bytes = new byte[_length];
        fixed (byte* target = bytes)
            Copy(target, Data, DeviceToHost);
        return bytes;
    }

    public void Dispose()
    {
        if (_onDevice)
            Check(flashrt_device_free(0, Data));
        else
            NativeMemory.Free(Data);
    }

    private void Copy(void* to, void* from, int kind)
    {
        if (_onDevice)
            Check(flashrt_copy(0, to, from, (nuint)_length, kind, 0));
        else
            NativeMemory.Copy(from, to, (nuint)_length);
    }

    private static void Check(int status)
    {
        if (status != 0)
            throw new InvalidOperationException(LastError);
    }
}
