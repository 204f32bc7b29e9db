// Runs an ONNX model with the FlashRT ops: open, bind, copy in, run, copy out.
//
//   dotnet run --project samples/QuickStart [MODEL.onnx] [DIMENSION=SIZE ...]
//
// MODEL is best a rewritten one (flashrt rewrite IN.onnx -o OUT.onnx). Sizes name the dimensions that the model leaves open, as in seq=24.
using FlashRt.Onnx;

var model = args.FirstOrDefault(a => a.EndsWith(".onnx")) ?? "models/gemma_fp16_dynamo/model.onnx";
var sizes = args.Where(a => a.Contains('=')).Select(a => a.Split('=')).ToDictionary(p => p[0], p => long.Parse(p[1]));

// CUDA where there is a GPU, with the work captured into a CUDA graph; otherwise the CPU.
using var session = FlashRtSession.Open(model, new FlashRtOptions { CudaGraph = true });
Console.WriteLine($"{model} on {session.Device} ({session.ProviderReason})");
foreach (var input in session.Inputs) Console.WriteLine($"  in   {input}");
foreach (var output in session.Outputs) Console.WriteLine($"  out  {output}");
foreach (var risk in session.CaptureRisks) Console.WriteLine($"  note {risk}");

// Fixed buffers on the session's device. Dimensions without a size get 16.
var options = new BindOptions();
foreach (var name in session.Inputs.SelectMany(i => i.Symbols).OfType<string>().Distinct())
    options.Dimension(name, sizes.GetValueOrDefault(name, 16));
using var bound = session.Bind(options);

// Copy inputs in. With types known beforehand this is bound.Input("x").CopyFrom(array).
var random = new Random(1);
foreach (var input in bound.Inputs.Values) FillRandomly(input);

// The first run captures the CUDA graph, and checks its replay against an ordinary run; later runs replay it.
bound.Run();

var times = bound.Time(runs: 50);
Array.Sort(times);
Console.WriteLine($"{(bound.IsCaptured ? "CUDA graph replay" : "run")}: {times[times.Length / 2].TotalMicroseconds:f0} us (median of {times.Length})");

// Copy results out.
var (outputName, result) = bound.Outputs.First();
var values = AsFloats(result);
Console.WriteLine($"{outputName} = {string.Join(" ", values.Take(5).Select(v => v.ToString("g4")))} ...");

void FillRandomly(DeviceTensor tensor)
{
    var count = (int)tensor.ElementCount;
    switch (tensor.ElementType.ToString())
    {
        case "Float": tensor.CopyFrom(Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f).ToArray()); break;
        case "Float16": tensor.CopyFrom(Enumerable.Range(0, count).Select(_ => (Half)(random.NextSingle() - 0.5f)).ToArray()); break;
        case "Int64": tensor.CopyFrom(Enumerable.Range(0, count).Select(_ => random.NextInt64(16)).ToArray()); break;
        default: tensor.Fill(1); break;
    }
}

static float[] AsFloats(DeviceTensor tensor) => tensor.ElementType.ToString() switch
{
    "Float" => tensor.ToArray<float>(),
    "Float16" => Array.ConvertAll(tensor.ToArray<Half>(), v => (float)v),
    _ => throw new NotSupportedException($"{tensor} is not printed by this sample"),
};
