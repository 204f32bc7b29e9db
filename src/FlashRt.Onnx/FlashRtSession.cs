using FlashRt.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace FlashRt.Onnx;

/// <summary>
/// A model opened on ONNX Runtime with the com.flashrt ops. <see cref="Run(IReadOnlyDictionary{string, DeviceTensor}, TensorDevice)"/> is the simple
/// way to run it; <see cref="Bind(BindOptions)"/> gives fixed buffers, and with <see cref="FlashRtOptions.CudaGraph"/> a captured CUDA graph.
/// </summary>
/// <remarks>
/// All members may be used from several threads. A session with CUDA graphs runs everything on one thread of its own; other sessions run on the
/// caller's thread, several runs at once. Dispose waits for runs under way, disposes the bindings, and then the model.
/// </remarks>
public sealed class FlashRtSession : IDisposable
{
    private readonly SessionCore _core;
    private readonly HashSet<BoundSession> _bindings = [];
    private readonly Lazy<IReadOnlyList<NodePlacement>> _placements;
    private readonly Dictionary<string, TensorInfo> _inputs, _outputs;

    private FlashRtSession(SessionCore core, FlashRtOptions options, string providerReason)
    {
        _core = core;
        Options = options;
        ProviderReason = providerReason;
        _placements = new(() => _core.Placements());
        _inputs = core.Inputs.ToDictionary(i => i.Name);
        _outputs = core.Outputs.ToDictionary(o => o.Name);
    }

    /// <summary>The options that the session was opened with.</summary>
    public FlashRtOptions Options { get; }

    /// <summary>Where the session runs.</summary>
    public TensorDevice Device => _core.Device;

    /// <summary>Why the session runs there, in words.</summary>
    public string ProviderReason { get; }

    /// <summary>Whether bindings are captured into CUDA graphs.</summary>
    public bool UsesCudaGraph => _core.Captures;

    /// <summary>The model's inputs, in its order.</summary>
    public IReadOnlyList<TensorInfo> Inputs => _core.Inputs;

    /// <summary>The model's outputs, in its order.</summary>
    public IReadOnlyList<TensorInfo> Outputs => _core.Outputs;

    /// <summary>Where ONNX Runtime placed each node. Needs <see cref="FlashRtOptions.RecordPlacements"/> or a session with CUDA graphs.</summary>
    /// <exception cref="FlashRtException">Placements were not recorded.</exception>
    public IReadOnlyList<NodePlacement> NodePlacements
    {
        get
        {
            if (!Options.RecordPlacements && !UsesCudaGraph)
                throw new FlashRtException("Node placements were not recorded: open the session with FlashRtOptions.RecordPlacements = true.");
            _core.Life.Enter();
            try
            {
                return _placements.Value;
            }
            finally
            {
                _core.Life.Exit();
            }
        }
    }

    /// <summary>
    /// What may make replays of a captured graph wrong although ONNX Runtime captures it: ops that this version captures unsafely, values that the
    /// CPU computes or reads and that are frozen at capture. Empty without CUDA graphs. The list comes from op types, so it leaves out MatMul, which
    /// is unsafe only where batch dimensions are broadcast. The self-check of the first runs finds all such errors when they happen.
    /// </summary>
    public IReadOnlyList<CaptureIssue> CaptureRisks => UsesCudaGraph ? CaptureAnalysis.Risks(NodePlacements, Inputs) : [];

    /// <summary>The risks, for use inside a run.</summary>
    internal IReadOnlyList<CaptureIssue> RisksInRun => UsesCudaGraph ? CaptureAnalysis.Risks(_placements.Value, Inputs) : [];

    /// <summary>Nodes for whose sake nothing but replays may run once a graph is captured; for use inside a run.</summary>
    internal IReadOnlyList<CaptureIssue> FragileNodes => UsesCudaGraph ? CaptureAnalysis.Staged(_placements.Value) : [];

    /// <summary>Graphs captured and not yet freed; changed inside runs only.</summary>
    internal int CapturedGraphs { get; set; }

    /// <summary>Refuses what would make an earlier capture's replays read memory that is no longer theirs.</summary>
    /// <exception cref="CaptureException">The session holds a captured graph with fragile nodes.</exception>
    internal void RequireUndisturbed(string what)
    {
        if (CapturedGraphs == 0 || FragileNodes is not { Count: > 0 } nodes) return;
        throw new CaptureException($"{what} would change the results of the CUDA graph that this session has captured. Open a second session for it. The nodes concerned:", nodes);
    }

    internal SessionCore Core => _core;

    /// <summary>Opens a model file.</summary>
    /// <exception cref="CaptureException">CUDA graphs were asked for, and the model cannot be captured; the exception names the nodes.</exception>
    /// <exception cref="FlashRtException">The model, the native library or the provider cannot be used; the message says what to do.</exception>
    public static FlashRtSession Open(string path, FlashRtOptions? options = null) => Open(ModelSource.File(path), options ?? new());

    /// <summary>Opens a model in memory. External data are then looked for where ONNX Runtime's session configuration says.</summary>
    /// <exception cref="CaptureException">CUDA graphs were asked for, and the model cannot be captured; the exception names the nodes.</exception>
    /// <exception cref="FlashRtException">The model, the native library or the provider cannot be used; the message says what to do.</exception>
    public static FlashRtSession Open(byte[] model, FlashRtOptions? options = null) => Open(ModelSource.Memory(model), options ?? new());

    /// <summary>The input of a name.</summary>
    /// <exception cref="FlashRtException">The model has no such input.</exception>
    public TensorInfo Input(string name) => _inputs.TryGetValue(name, out TensorInfo? info) ? info : throw Unknown("input", name, Inputs);

    /// <summary>The output of a name.</summary>
    /// <exception cref="FlashRtException">The model has no such output.</exception>
    public TensorInfo Output(string name) => _outputs.TryGetValue(name, out TensorInfo? info) ? info : throw Unknown("output", name, Outputs);

    /// <summary>
    /// Runs the model once. Inputs may lie on any device; ONNX Runtime allocates the outputs on <paramref name="outputsOn"/>, the CPU unless told
    /// otherwise. A session with CUDA graphs runs without them here.
    /// </summary>
    /// <exception cref="FlashRtException">An input is missing, unknown, or of another type or shape, or the run failed.</exception>
    public FlashRtOutputs Run(IReadOnlyDictionary<string, DeviceTensor> inputs, TensorDevice outputsOn = default)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        InputCheck.All(this, inputs);
        if (outputsOn.IsCuda && outputsOn != Device)
            throw new FlashRtException($"The outputs were asked for on {outputsOn}; a session on {Device} gives them there or on the CPU.");
        FlashRtOutputs? outputs = null;
        _core.Use(() =>
        {
            RequireUndisturbed("A run without the graph");
            outputs = PlainRun.Execute(_core, inputs, outputsOn);
        });
        return outputs!;
    }

    /// <summary>
    /// Runs the model once with ONNX Runtime's own values. The outputs, in the order asked for (the model's order by default), lie on the CPU; the
    /// caller disposes them.
    /// </summary>
    /// <exception cref="FlashRtException">An input is missing or unknown, or the run failed.</exception>
    public IReadOnlyList<OrtValue> Run(IReadOnlyDictionary<string, OrtValue> inputs, IReadOnlyList<string>? outputs = null)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        string[] wanted = [.. outputs ?? [.. Outputs.Select(o => o.Name)]];
        InputCheck.Names(this, inputs.Keys);
        foreach (var (name, value) in inputs) ArgumentNullException.ThrowIfNull(value, name);
        foreach (string name in wanted) Output(name);
        IReadOnlyCollection<OrtValue> values = [];
        _core.Use(() =>
        {
            RequireUndisturbed("A run without the graph");
            values = _core.Execute(_core.Plain, inputs, wanted);
        });
        return [.. values];
    }

    /// <summary>Makes fixed buffers for all inputs and outputs. Give a shape for each input that has dimensions which are not fixed.</summary>
    /// <exception cref="FlashRtException">A shape is missing or does not fit.</exception>
    public BoundSession Bind(params (string Input, long[] Shape)[] shapes)
    {
        var options = new BindOptions();
        foreach (var (input, shape) in shapes) options.Shape(input, shape);
        return Bind(options);
    }

    /// <summary>Makes fixed buffers for all inputs and outputs.</summary>
    /// <exception cref="FlashRtException">A shape is missing or does not fit, or a tensor given does not match.</exception>
    public BoundSession Bind(BindOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        BoundSession? bound = null;
        _core.Use(() =>
        {
            bound = new BoundSession(this, options);
            lock (_bindings) _bindings.Add(bound);
        });
        return bound!;
    }

    /// <summary>Waits for runs under way, then frees the bindings and the model.</summary>
    public void Dispose()
    {
        if (!_core.Life.Close()) return;
        BoundSession[] bindings;
        lock (_bindings)
        {
            bindings = [.. _bindings];
            _bindings.Clear();
        }
        foreach (BoundSession bound in bindings) bound.DisposeWithSession();
        _core.Dispose();
    }

    /// <summary>
    /// Opens a model. With `captures` the steps of capturing are gone through on any provider, so that they can be tested without a GPU: the CPU
    /// provider ignores graph ids.
    /// </summary>
    internal static FlashRtSession Open(ModelSource model, FlashRtOptions options, bool? captures = null)
    {
        options.Check();
        var (sessionOptions, choice) = ProviderChoice.Make(options);
        using (sessionOptions)
        {
            bool capturing = captures ?? (options.CudaGraph && choice.Device.IsCuda);
            try
            {
                return new(SessionCore.Open(model, sessionOptions, choice.Device, capturing), options, choice.Reason);
            }
            catch (FlashRtException error) when (capturing && CaptureAnalysis.IsRefusal(error))
            {
                throw CaptureAnalysis.Refused(model, options, error);
            }
        }
    }

    internal void Forget(BoundSession bound)
    {
        lock (_bindings) _bindings.Remove(bound);
    }

    private static FlashRtException Unknown(string kind, string name, IReadOnlyList<TensorInfo> known) =>
        new($"The model has no {kind} '{name}'; its {kind}s are {string.Join("; ", known)}.");
}
