using System.Diagnostics;

namespace FlashRt.GraphRewriter.Cli.Tests;

/// <summary>The command line as a process of its own, for what cannot be tried in-process: memory, signals, limits.</summary>
internal sealed class CliProcess : IDisposable
{
    private readonly Process process;

    /// <summary>Starts a command; <paramref name="setup"/> is shell code that runs before it, such as a limit.</summary>
    public CliProcess(string? setup, params string[] args)
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["-c", $"{setup ?? ":"}; exec \"$@\"", "sh", Environment.ProcessPath is { } path && path.EndsWith("dotnet") ? path : "dotnet", Path.Combine(AppContext.BaseDirectory, "flashrt.dll"), .. args])
            start.ArgumentList.Add(argument);
        process = Process.Start(start)!;
    }

    /// <summary>Most physical memory it had so far, in bytes; mapped files count.</summary>
    public long PeakMemory { get; private set; }

    public bool HasExited => process.HasExited;

    /// <summary>Waits for the end; the code is 128 + N after signal N.</summary>
    public (int Code, string Error) Wait()
    {
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        while (!process.WaitForExit(5)) Measure();
        Task.WaitAll(error, output);
        return (process.ExitCode, error.Result);
    }

    public void Signal(string name)
    {
        using var kill = Process.Start("/bin/kill", [$"-{name}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }

    private void Measure()
    {
        try
        {
            process.Refresh();
            PeakMemory = Math.Max(PeakMemory, process.PeakWorkingSet64);
        }
        catch (InvalidOperationException)
        {
            // It ended between the two calls.
        }
    }
}
