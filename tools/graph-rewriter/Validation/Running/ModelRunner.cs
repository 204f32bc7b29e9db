using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;

namespace FlashRt.Validation;

/// <summary>
/// A model in one ONNX Runtime session, run on host tensors. Stock means without the FlashRt library: what the file says, computed
/// by ONNX Runtime's own kernels.
/// </summary>
internal sealed class ModelRunner : IDisposable
{
    private readonly InferenceSession _session;
    private readonly Dictionary<string, DataType> _inputs;
    private readonly string[] _outputs;

    private ModelRunner(InferenceSession session, OnnxModel model)
    {
        _session = session;
        var graph = model.Proto.Graph;
        _inputs = graph.Input.ExceptBy(graph.Initializer.Select(i => i.Name), i => i.Name)
            .ToDictionary(i => i.Name, i => (DataType)(i.Type?.TensorType?.ElemType ?? 0), StringComparer.Ordinal);
        _outputs = [.. graph.Output.Select(o => o.Name)];
    }

    /// <summary>Opens the model; what ONNX Runtime has against it comes as a <see cref="ValidationException"/>.</summary>
    public static ModelRunner Open(OnnxModel model, RunOn on)
    {
        var bytes = model.ToByteArray();
        return Guarded(() =>
        {
            using var options = on.SessionOptions();
            // The bytes come from memory, so ONNX Runtime is told where their external data lies.
            if (model.Path is not null)
                options.AddSessionConfigEntry("session.model_external_initializers_file_folder_path", Path.GetDirectoryName(Path.GetFullPath(model.Path))!);
            return new ModelRunner(new InferenceSession(bytes, options), model);
        });
    }

    /// <summary>
    /// Runs on the tensors that the graph asks for, out of <paramref name="data"/>, in the type that it asks for, and gives the outputs
    /// named (all when null).
    /// </summary>
    public IReadOnlyDictionary<string, HostTensor> Run(IReadOnlyDictionary<string, HostTensor> data, IReadOnlyCollection<string>? wanted = null)
    {
        var missing = _inputs.Keys.Where(name => !data.ContainsKey(name)).ToList();
        if (missing.Count > 0) throw new ValidationException($"There is no data for the input{(missing.Count > 1 ? "s" : "")} {string.Join(", ", missing)}.");
        return Guarded(() =>
        {
            using var run = new RunOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            string[] names = [.. _inputs.Keys];
            var values = new List<OrtValue>();
            try
            {
                foreach (var name in names) values.Add(OrtTensors.ToOrt(_inputs[name] == DataType.Undefined ? data[name] : data[name].Cast(_inputs[name])));
                var fetched = wanted ?? _outputs;
                using var results = _session.Run(run, names, values, fetched);
                return fetched.Zip(results).ToDictionary(r => r.First, r => OrtTensors.FromOrt(r.Second), StringComparer.Ordinal);
            }
            finally
            {
                values.ForEach(v => v.Dispose());
            }
        });
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    // ONNX Runtime puts its error code in front: "[ErrorCode:Fail] ...".
    private static string Reason(OnnxRuntimeException error)
    {
        var text = error.Message.ReplaceLineEndings(" ").Trim();
        return (text.StartsWith("[ErrorCode:", StringComparison.Ordinal) ? text[(text.IndexOf(']') + 1)..] : text).Trim().TrimEnd('.');
    }

    private static T Guarded<T>(Func<T> call)
    {
        try
        {
            return call();
        }
        catch (OnnxRuntimeException e)
        {
            throw new ValidationException(Reason(e), e);
        }
    }
}
