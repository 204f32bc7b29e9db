using FlashRt.Onnx.Native;
using Microsoft.ML.OnnxRuntime;

namespace FlashRt.Onnx.Runtime;

/// <summary>ONNX Runtime's session with its thread, its device and its lifetime; everything that runs goes through here.</summary>
internal sealed class SessionCore
{
    private const string GraphIdKey = "gpu_graph_id";
    private readonly SessionThread? _thread;
    private readonly InferenceSession _ort;
    private readonly string _model;
    private int _lastGraphId;

    private SessionCore(InferenceSession ort, string model, TensorDevice device, SessionThread? thread)
    {
        _ort = ort;
        _model = model;
        _thread = thread;
        Device = device;
        Plain = thread is null ? new RunOptions() : GraphRun(-1);
        Inputs = Describe(ort.InputNames, ort.InputMetadata, ort.GetMemoryInfosForInputs());
        Outputs = Describe(ort.OutputNames, ort.OutputMetadata, ort.GetMemoryInfosForOutputs());
    }

    internal TensorDevice Device { get; }

    /// <summary>Whether bindings are captured into CUDA graphs.</summary>
    internal bool Captures => _thread is not null;

    /// <summary>Options of a run without capture or replay.</summary>
    internal RunOptions Plain { get; }

    internal IReadOnlyList<TensorInfo> Inputs { get; }

    internal IReadOnlyList<TensorInfo> Outputs { get; }

    internal Lifetime Life { get; } = new(nameof(FlashRtSession));

    internal static SessionCore Open(ModelSource model, SessionOptions options, TensorDevice device, bool captures)
    {
        SessionThread? thread = captures ? new("FlashRt " + model.Name) : null;
        InferenceSession? ort = null;
        try
        {
            OnDevice(device, thread, () => ort = model.Open(options));
            return new(ort!, model.Name, device, thread);
        }
        catch (Exception error)
        {
            ort?.Dispose();
            thread?.Dispose();
            if (error is OnnxRuntimeException) throw new FlashRtException($"ONNX Runtime cannot open {model.Name}: {error.Message.Trim()}{Advice(error.Message, device)}", error);
            throw;
        }
    }

    private static string Advice(string message, TensorDevice device) => !message.Contains("Could not find an implementation for") ? ""
        : ". There is no kernel for that node with the types it has here: export the model in another type (float16 or float32)"
            + (device == TensorDevice.Cpu ? ", or run it on CUDA, which has kernels for more types." : ".");

    /// <summary>An id of its own for each set of buffers: ONNX Runtime does not notice when a replay comes with other shapes or addresses.</summary>
    internal int NextGraphId() => Interlocked.Increment(ref _lastGraphId);

    /// <summary>Options of a run that captures the graph of that id, the first time, or replays it. -1 does neither.</summary>
    internal static RunOptions GraphRun(int id)
    {
        var options = new RunOptions();
        options.AddRunConfigEntry(GraphIdKey, id.ToString());
        return options;
    }

    /// <summary>Does work that runs the session, on the session's thread if it has one; refused after Dispose.</summary>
    internal void Use(Action work)
    {
        Life.Enter();
        try
        {
            if (_thread is null) work();
            else _thread.Run(work);
        }
        finally
        {
            Life.Exit();
        }
    }

    /// <summary>Does work for an object that is being disposed, whether or not the session is closing.</summary>
    internal void CleanUp(Action work) => OnDevice(Device, _thread, work);

    internal OrtIoBinding CreateBinding() => _ort.CreateIoBinding();

    internal void Execute(OrtIoBinding binding, RunOptions options)
    {
        if (!Device.IsCuda)
        {
            RunOrt(binding, options);
            return;
        }
        using (DeviceGate.Use()) RunOrt(binding, options);
    }

    /// <summary>A run that captures a graph, alone on the process's devices.</summary>
    internal void ExecuteCapture(OrtIoBinding binding, RunOptions options)
    {
        using (DeviceGate.Capture()) RunOrt(binding, options);
    }

    internal IReadOnlyCollection<OrtValue> Execute(RunOptions options, IReadOnlyDictionary<string, OrtValue> inputs, IReadOnlyList<string> outputs)
    {
        try
        {
            if (!Device.IsCuda) return _ort.Run(options, [.. inputs.Keys], [.. inputs.Values], outputs);
            using (DeviceGate.Use()) return _ort.Run(options, [.. inputs.Keys], [.. inputs.Values], outputs);
        }
        catch (OnnxRuntimeException error)
        {
            throw RunFailed(error);
        }
    }

    internal bool TryReleaseGraph(int id) => OrtFunctions.TryReleaseCapturedGraph(_ort, id);

    internal List<NodePlacement> Placements() => OrtFunctions.Placement(_ort);

    /// <summary>Frees everything; the caller has closed <see cref="Life"/>.</summary>
    internal void Dispose()
    {
        CleanUp(_ort.Dispose);
        Plain.Dispose();
        _thread?.Dispose();
    }

    private void RunOrt(OrtIoBinding binding, RunOptions options)
    {
        try
        {
            _ort.RunWithBinding(options, binding);
        }
        catch (OnnxRuntimeException error)
        {
            throw RunFailed(error);
        }
    }

    private FlashRtException RunFailed(OnnxRuntimeException error) => new($"Running {_model} failed: {error.Message.Trim()}", error);

    private static void OnDevice(TensorDevice device, SessionThread? thread, Action work)
    {
        Action gated = !device.IsCuda ? work : () =>
        {
            using (DeviceGate.Use()) work();
        };
        if (thread is null) gated();
        else thread.Run(gated);
    }

    private static IReadOnlyList<TensorInfo> Describe(
        IReadOnlyList<string> names, IReadOnlyDictionary<string, NodeMetadata> metadata, IDisposableReadOnlyCollection<OrtMemoryInfo> memory)
    {
        using (memory) return [.. names.Select((name, i) => TensorInfo.From(name, metadata[name], TensorDevice.Of(memory.ElementAt(i))))];
    }
}
