using Microsoft.ML.OnnxRuntime;

namespace FlashRt.Benches.Coverage;

/// <summary>What ONNX Runtime's own optimiser makes of a model.</summary>
internal sealed record StockFusions(int Nodes, string Fused)
{
    /// <summary>Opens the model with every optimisation and counts the fused ops in what comes out; null where ONNX Runtime refuses the model.</summary>
    public static StockFusions? Of(string path)
    {
        var optimised = Path.Combine(Directory.CreateTempSubdirectory("flashrt-coverage-").FullName, "optimised.onnx");
        try
        {
            using (var options = new SessionOptions { GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL, OptimizedModelFilePath = optimised, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL })
            using (new InferenceSession(path, options))
            {
            }
            var before = Kinds(OnnxModel.Load(path, mixedTypes: true));
            var after = OnnxModel.Load(optimised, mixedTypes: true);
            var fused = Kinds(after).Where(k => k.Value > before.GetValueOrDefault(k.Key));
            return new(after.Proto.Graph.Node.Count, ModelCoverage.Text(fused.Select(k => KeyValuePair.Create(k.Key, k.Value - before.GetValueOrDefault(k.Key)))));
        }
        catch (OnnxRuntimeException)
        {
            return null;
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(optimised)!, recursive: true);
        }
    }

    // Fused ops live in com.microsoft, or under the name of a standard op that exporters spell out.
    private static SortedDictionary<string, int> Kinds(OnnxModel model) => new(model.Proto.Graph.Node
        .Where(n => n.Domain == "com.microsoft" || n.OpType.EndsWith("LayerNormalization", StringComparison.Ordinal))
        .GroupBy(n => n.OpType).ToDictionary(g => g.Key, g => g.Count()), StringComparer.Ordinal);
}
