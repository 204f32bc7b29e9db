using System.Runtime.InteropServices;

namespace FlashRt.GraphRewriter.Cli;

/// <summary>Ctrl-C, a polite kill and a closed terminal end the process at once, but leave no half-written files.</summary>
internal sealed class Interruption : IDisposable
{
    private const PosixSignal FileTooLarge = (PosixSignal)25;  // SIGXFSZ: ignored, so that the write fails with a message
    private const int SignalBase = 128;  // what shells add to the signal that ended a process

    private readonly PosixSignalRegistration[] registrations =
    [
        On(PosixSignal.SIGINT, 2),
        On(PosixSignal.SIGTERM, 15),
        On(PosixSignal.SIGHUP, 1),
        .. OperatingSystem.IsLinux() ? [PosixSignalRegistration.Create(FileTooLarge, context => context.Cancel = true)] : Array.Empty<PosixSignalRegistration>(),
    ];

    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
    }

    private static PosixSignalRegistration On(PosixSignal signal, int number) => PosixSignalRegistration.Create(signal, _ =>
    {
        TemporaryFile.DeleteAll();
        if (!Console.IsOutputRedirected) Console.Out.Write("\e[?25h\n");  // a progress bar hides the cursor
        Console.Error.WriteLine("error: interrupted.");
        Environment.Exit(SignalBase + number);
    });
}
