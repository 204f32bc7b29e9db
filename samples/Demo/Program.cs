using FlashRt.GraphRewriter;
using FlashRt.Onnx;
using FlashRt.Samples.Demo;
using FlashRt.Validation;

// Rewrites the models of a folder, proves each, runs original and rewritten, and prints one table.
// usage: Demo [--models FOLDER] [NAME...]     FOLDER: models/ of the repository; NAME: all of its models
// The rewritten models are left in artifacts/demo below the working directory.
try
{
    var (folder, names) = DemoArguments.Parse(args);
    var output = Directory.CreateDirectory(Path.Combine("artifacts", "demo")).FullName;
    var cuda = UsesCuda(Path.Combine(folder, names[0], "model.onnx"));

    var rows = new List<DemoRow>();
    foreach (var name in names)
    {
        Console.WriteLine($"  {name}: rewriting, validating, timing ...");
        rows.Add(DemoModel.Run(Path.Combine(folder, name), Path.Combine(output, name + ".onnx"), cuda));
    }

    Console.WriteLine();
    DemoTable.Print(Console.Out, rows);
    var failed = rows.Where(r => !r.Passed).Select(r => r.Model).ToList();
    Console.WriteLine(failed.Count == 0
        ? $"All {rows.Count} rewritten models agree with their originals, at their outputs and at every fused op. They are in {output}."
        : $"Not within tolerance: {string.Join(", ", failed)}.");
    return failed.Count == 0 ? 0 : 1;
}
catch (Exception e) when (e is FlashRtException or OnnxModelException or ValidationException or ArgumentException or IOException)
{
    Console.Error.WriteLine($"error: {e.Message}");
    return e is ArgumentException ? 2 : 1;
}

// A session on Auto takes the GPU when device, driver, provider and kernels are all there, and says what is missing otherwise.
static bool UsesCuda(string model)
{
    using var session = FlashRtSession.Open(model);
    var device = session.Device.IsCuda ? FlashRtDevice.Get(session.Device.Index).Name : "the CPU";
    Console.WriteLine($"FlashRt {FlashRtLibrary.Version} on {device}: {session.ProviderReason}");
    return session.Device.IsCuda;
}
