using System.Globalization;
using System.Text;
using FlashRt.Benches;
using FlashRt.GraphRewriter;
using FlashRt.Onnx;
using Google.Protobuf;

// Times the ops against stock ONNX Runtime, all in one run: OpBench [OUT.md] [OP], where OP starts the names of the ops to time
//
// The time of an op is that of a model with many copies of it in a row, less that of a model with one, over the difference in copies:
// session and graph overheads cancel. CUDA graph replays where there is a GPU, the CPU provider otherwise.
const int Few = 1, Many = 33, Runs = 60;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;

bool cuda = FlashRtDevice.Count > 0;
var type = cuda ? DataType.Float16 : DataType.Float;
var table = new StringBuilder();
string where = cuda ? $"{FlashRtDevice.Get(0).Name}, CUDA graph replay" : "CPU provider";
table.AppendLine($"{where}, {DateTime.UtcNow:yyyy-MM-dd}, ONNX Runtime {Microsoft.ML.OnnxRuntime.OrtEnv.Instance().GetVersionString()}, FlashRt {FlashRtLibrary.Version}, {type}. Microseconds for one op.");
table.AppendLine();
table.AppendLine("| op | shape | com.flashrt | exported subgraph on stock ORT | speed-up | ORT's own fused op | us | speed-up |");
table.AppendLine("|---|---|---|---|---|---|---|---|");
foreach (OpCase op in OpCases.All().Concat(AttentionCases.All()).Where(op => args.Length < 2 || op.Op.StartsWith(args[1], StringComparison.Ordinal)))
{
    double ours = Microseconds(op, op.Ours, registerOps: true), exported = Microseconds(op, op.Exported, registerOps: false);
    string stock = " | | |";
    if (op.Stock is { } link)
    {
        double us = Microseconds(op, link, registerOps: false);
        stock = $" {op.StockName} | {Number(us)} | {us / ours:F2} |";
    }
    string row = $"| {op.Op} | {op.Shape} | {Number(ours)} | {Number(exported)} | {exported / ours:F2} |{stock}";
    Console.WriteLine(row);
    table.AppendLine(row);
}
if (args.Length > 0) File.WriteAllText(args[0], table.ToString());
return 0;

static string Number(double us) => double.IsNaN(us) ? "refused" : us.ToString("F2");

double Microseconds(OpCase op, Link link, bool registerOps)
{
    try
    {
        return (Time(Chain.Build(op, link, Many, type), registerOps) - Time(Chain.Build(op, link, Few, type), registerOps)) / (Many - Few);
    }
    catch (FlashRtException error)
    {
        Console.Error.WriteLine($"{op.Op} {op.Shape}: {error.Message}");
        return double.NaN;
    }
}

double Time(OnnxModel model, bool registerOps)
{
    var options = new FlashRtOptions { Provider = cuda ? FlashRtProvider.Cuda : FlashRtProvider.Cpu, CudaGraph = cuda, RegisterOps = registerOps, SelfCheckRuns = 0 };
    using FlashRtSession session = FlashRtSession.Open(model.Proto.ToByteArray(), options);
    using BoundSession bound = session.Bind();
    var random = new Random(3);
    foreach (var (_, tensor) in bound.Inputs) Fill(tensor, random);
    double[] times = [.. bound.Time(Runs).Select(t => t.TotalMicroseconds).Order()];
    return times[times.Length / 2];
}

static void Fill(DeviceTensor tensor, Random random)
{
    var numbers = new float[tensor.ElementCount];
    for (int i = 0; i < numbers.Length; i++) numbers[i] = (float)((random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * 2);
    if (tensor.ElementType == Microsoft.ML.OnnxRuntime.Tensors.TensorElementType.Float) tensor.As<float>().CopyFrom(numbers);
    else tensor.As<Half>().CopyFrom(Array.ConvertAll(numbers, n => (Half)n));
}
