using FlashRt.Onnx;

namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>flashrt devices: what the native library was built with and which devices it can use.</summary>
internal static class DevicesCommand
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("devices", "The CUDA devices of this machine, and what the native library was built with.");
        command.SetAction(_ => Run(terminal));
        return command;
    }

    private static int Run(Terminal terminal)
    {
        var library = FlashRtDevice.Capabilities;
        var kernels = library.BuiltWithCuda ? $"with CUDA kernels (toolkit {Version(library.CudaToolkit)})" : "CPU kernels only";
        terminal.Line($"FlashRt {FlashRtLibrary.Version}, {kernels}");
        terminal.Line(library.CudaDriver > 0 ? $"driver for CUDA {Version(library.CudaDriver)}" : "no CUDA driver");
        if (library.DeviceCount == 0)
        {
            terminal.Line("no usable CUDA device");
            return ExitCode.Ok;
        }
        terminal.Table(["device>", "name", "compute", "SMs>", "memory>", "free>", "L2>", "kernels"], FlashRtDevice.All.Select(d => new[]
        {
            $"{d.Index}", d.Name, $"{d.ComputeCapability}", $"{d.Multiprocessors}", Format.Gigabytes(d.TotalMemory), Format.Gigabytes(d.FreeMemory),
            $"{d.L2Bytes >> 20} MiB", d.KernelsIncluded ? "included" : "not in this build",
        }));
        return ExitCode.Ok;
    }

    private static string Version(int cuda) => $"{cuda / 1000}.{cuda % 1000 / 10}";
}
