using System.Diagnostics;
using FlashRt.LargeModel;

namespace FlashRt.GraphRewriter.Cli.Tests;

/// <summary>
/// A model with a weight file many times its own size: memory does not grow with the file, and a run that ends early, whatever ends it,
/// leaves the output as it was.
/// </summary>
[TestClass]
public sealed class ScaleTests : CliTest
{
    private const string Old = "the old output";
    private const long MostMemory = 250L << 20;  // the runtime and its libraries take 80 MB

    // On another file system the weights must be copied, which takes long enough to be interrupted.
    private static readonly string s_elsewhere = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();

    private string other = "";

    [TestInitialize]
    public void MakeFolder()
    {
        if (!OperatingSystem.IsLinux()) Assert.Inconclusive("Needs signals and limits as Linux has them.");
        other = Directory.CreateDirectory(Path.Combine(s_elsewhere, $"flashrt-scale-{Guid.NewGuid():N}")).FullName;
    }

    [TestCleanup]
    public void RemoveFolder()
    {
        if (other.Length > 0) Directory.Delete(other, recursive: true);
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void MemoryDoesNotGrowWithTheWeights(bool copied)
    {
        var model = Large();
        var weights = new FileInfo(Path.Combine(Path.GetDirectoryName(model)!, "model.weights"));
        Assert.IsGreaterThan(MostMemory, weights.Length, "the file is no test of memory");

        var output = copied ? Path.Combine(other, "out.onnx") : PathOf("out.onnx");
        using var run = new CliProcess(null, "rewrite", model, "-o", output);
        var (code, error) = run.Wait();
        Assert.AreEqual(0, code, error);
        Assert.IsLessThan(MostMemory, run.PeakMemory);
        Assert.IsGreaterThan(20L << 20, run.PeakMemory, "nothing was measured");

        var rewritten = OnnxModel.Load(output);
        Assert.HasCount(8, FusedSites.Of(rewritten).Where(s => s.Op == "Attention").ToList());
        Assert.AreEqual(weights.Length, new FileInfo(Path.Combine(Path.GetDirectoryName(output)!, "model.weights")).Length);
    }

    [TestMethod]
    [DataRow("INT", 130)]
    [DataRow("TERM", 143)]
    [DataRow("KILL", 137)]
    public void AnInterruptedRunLeavesTheOldOutput(string signal, int expected)
    {
        if (IsIgnored(signal)) Assert.Inconclusive($"SIG{signal} is ignored here, as in the background of a shell, and every process started from here inherits that.");
        var model = Large();
        var output = Path.Combine(other, "out.onnx");
        File.WriteAllText(output, Old);
        var interrupted = 0;
        for (var delay = 200; interrupted == 0 && delay < 5000; delay += 100)
        {
            using var run = new CliProcess(null, "rewrite", model, "-o", output);
            // Until the copy is on its way, or as long as it takes to be sure that the process listens.
            for (var watch = Stopwatch.StartNew(); watch.ElapsedMilliseconds < 10_000 && !run.HasExited && !Copying();) Thread.Sleep(1);
            run.Signal(signal);
            var (code, error) = run.Wait();
            if (code == 0)
            {
                // It was quicker than the signal: once more.
                foreach (var file in Directory.GetFiles(other)) File.Delete(file);
                File.WriteAllText(output, Old);
                continue;
            }
            interrupted++;
            Assert.AreEqual(expected, code, error);
            Assert.AreEqual(signal == "KILL" ? "" : "error: interrupted.", error.Trim());
        }
        Assert.AreEqual(1, interrupted, "no run could be interrupted in the middle");
        Assert.AreEqual(Old, File.ReadAllText(output));
        if (signal != "KILL") CollectionAssert.AreEqual(new[] { output }, Directory.GetFiles(other));

        // What a killed run leaves does not disturb the next one.
        Ok("rewrite", model, "-o", output);
        Assert.IsNotEmpty(FusedSites.Of(OnnxModel.Load(output)));
    }

    // 50 MB: less than the weights, more than the file in which the runtime keeps compiled code.
    [TestMethod]
    public void ALimitedFileSizeLeavesTheOldOutput() => Refused("ulimit -f 100000", other);

    [TestMethod]
    public void AFullDiskLeavesTheOldOutput()
    {
        using var mount = Process.Start(new ProcessStartInfo("mount", ["-t", "tmpfs", "-o", "size=100m", "tmpfs", other]) { RedirectStandardError = true });
        mount!.WaitForExit();
        if (mount.ExitCode != 0) Assert.Inconclusive("A file system of 100 MB needs the right to mount.");
        try
        {
            StringAssert.Contains(Refused(null, other), "space");
        }
        finally
        {
            using var unmount = Process.Start("umount", [other]);
            unmount.WaitForExit();
        }
    }

    private string Large()
    {
        // Zeros in a hole: as large as any file to whoever maps, links or copies it.
        return DecoderWriter.Write(PathOf("in"), DecoderSize.Quarter(8), sparse: true);
    }

    private string Refused(string? setup, string folder)
    {
        var model = Large();
        var output = Path.Combine(folder, "out.onnx");
        File.WriteAllText(output, Old);
        using var run = new CliProcess(setup, "rewrite", model, "-o", output, "--report", Path.Combine(folder, "r.json"));
        var (code, error) = run.Wait();
        Assert.AreEqual(ExitCode.Refused, code, error);
        StringAssert.Contains(error, $"error: {output}: cannot be written");
        Assert.HasCount(1, error.Trim().Split('\n'));
        Assert.AreEqual(Old, File.ReadAllText(output));
        CollectionAssert.AreEqual(new[] { output }, Directory.GetFiles(folder), "nothing is left");
        return error;
    }

    private bool Copying() => Directory.GetFiles(other, "*.tmp").Length > 0;

    private static bool IsIgnored(string signal)
    {
        var bit = signal switch { "HUP" => 0, "INT" => 1, "TERM" => 14, _ => -1 };
        var ignored = File.ReadLines("/proc/self/status").First(l => l.StartsWith("SigIgn:", StringComparison.Ordinal))["SigIgn:".Length..];
        return bit >= 0 && (Convert.ToUInt64(ignored.Trim(), 16) >> bit & 1) != 0;
    }
}
