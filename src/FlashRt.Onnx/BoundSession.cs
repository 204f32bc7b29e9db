using System.Diagnostics;
using FlashRt.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;

namespace FlashRt.Onnx;

/// <summary>
/// A session with fixed input and output buffers: copy into <see cref="Input(string)"/>, <see cref="Run"/>, copy out of <see cref="Output(string)"/>.
/// In a session with CUDA graphs the first run captures the work, every later one replays it.
/// </summary>
/// <remarks>
/// <para>Capturing takes ONNX Runtime several executions of the model, all inside one run. Buffers that are bound as input and output would be
/// advanced each time; therefore they are saved before and restored after, and the first <see cref="Run"/> has the effect of exactly one run:
/// ordinary runs for warming up, the capture, the restored buffers, then one replay.</para>
/// <para>Runs of one binding take turns. Several bindings of a session that has no CUDA graphs run at the same time.</para>
/// </remarks>
public sealed class BoundSession : IDisposable
{
    private readonly FlashRtSession _session;
    private readonly BufferPlan _buffers;
    private readonly MemoryHold _hold = new();
    private readonly OrtIoBinding _binding;
    private readonly RunOptions _runOptions;
    private readonly Action _step;
    private readonly Lock _lock = new();
    private readonly int _graphId;
    private int _checksLeft;
    private bool _captured, _disposed;

    internal BoundSession(FlashRtSession session, BindOptions options)
    {
        _session = session;
        _step = Step;
        _buffers = new BufferPlan(session, options);
        try
        {
            _binding = Bind(_buffers.Inputs, _buffers.Outputs, _hold);
        }
        catch
        {
            _hold.Dispose();
            _buffers.Dispose();
            throw;
        }
        _graphId = Core.Captures ? Core.NextGraphId() : 0;
        _runOptions = Core.Captures ? SessionCore.GraphRun(_graphId) : Core.Plain;
        _checksLeft = Core.Captures || _buffers.Stateful.Count > 0 ? session.Options.SelfCheckRuns : 0;
    }

    /// <summary>The session that this binding runs.</summary>
    public FlashRtSession Session => _session;

    /// <summary>The input buffers by name.</summary>
    public IReadOnlyDictionary<string, DeviceTensor> Inputs => _buffers.Inputs;

    /// <summary>The output buffers by name.</summary>
    public IReadOnlyDictionary<string, DeviceTensor> Outputs => _buffers.Outputs;

    /// <summary>Whether the work has been captured into a CUDA graph.</summary>
    public bool IsCaptured => _captured;

    private SessionCore Core => _session.Core;

    /// <summary>The buffer of an input.</summary>
    /// <exception cref="FlashRtException">The model has no such input.</exception>
    public DeviceTensor Input(string name) => _buffers.Inputs[_session.Input(name).Name];

    /// <summary>The buffer of an input, seen with a C# type.</summary>
    /// <exception cref="FlashRtException">The model has no such input, or it has another type.</exception>
    public DeviceTensor<T> Input<T>(string name) where T : unmanaged => Input(name).As<T>();

    /// <summary>The buffer of an output.</summary>
    /// <exception cref="FlashRtException">The model has no such output.</exception>
    public DeviceTensor Output(string name) => _buffers.Outputs[_session.Output(name).Name];

    /// <summary>The buffer of an output, seen with a C# type.</summary>
    /// <exception cref="FlashRtException">The model has no such output, or it has another type.</exception>
    public DeviceTensor<T> Output<T>(string name) where T : unmanaged => Output(name).As<T>();

    /// <summary>Runs the model once on what the input buffers hold. When it returns the outputs are there.</summary>
    /// <exception cref="CaptureException">The work cannot be captured, or the self-check finds a replay that differs from an ordinary
    /// run.</exception>
    /// <exception cref="FlashRtException">The run failed.</exception>
    public void Run() => InTurn(_step);

    /// <summary>
    /// Captures the CUDA graph now rather than at the first run, leaving every buffer that is an input as it is. Without effect in a session that
    /// uses no CUDA graphs.
    /// </summary>
    /// <exception cref="CaptureException">The work cannot be captured.</exception>
    public void Capture() => InTurn(() =>
    {
        if (Core.Captures && !_captured) CaptureGraph();
    });

    /// <summary>
    /// Runs the model several times and says how long each run took, without the hand-over to the session's thread. Buffers updated in place advance
    /// with every run.
    /// </summary>
    /// <exception cref="FlashRtException">A run failed.</exception>
    public TimeSpan[] Time(int runs, int warmUpRuns = 3)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(runs);
        ArgumentOutOfRangeException.ThrowIfNegative(warmUpRuns);
        var times = new TimeSpan[runs];
        InTurn(() =>
        {
            while (warmUpRuns-- > 0 || _checksLeft > 0 || (Core.Captures && !_captured)) Step();
            for (int i = 0; i < runs; i++)
            {
                long start = Stopwatch.GetTimestamp();
                Core.Execute(_binding, _runOptions);
                times[i] = Stopwatch.GetElapsedTime(start);
            }
        });
        return times;
    }

    /// <summary>Frees the buffers that this binding made, and its CUDA graph.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            // When the session is closing it disposes its bindings itself.
            if (_disposed || !Core.Life.TryEnter()) return;
            try
            {
                CleanUp();
            }
            finally
            {
                Core.Life.Exit();
            }
        }
        _session.Forget(this);
    }

    internal void DisposeWithSession()
    {
        lock (_lock)
        {
            if (!_disposed) CleanUp();
        }
    }

    private void InTurn(Action work)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            Core.Use(work);
        }
    }

    private void Step()
    {
        // The ordinary run of a check must not follow a capture that it could disturb.
        if (_checksLeft > 0 && _captured && _session.FragileNodes.Count > 0) _checksLeft = 0;
        if (_checksLeft == 0)
        {
            if (Core.Captures && !_captured) CaptureGraph();
            Core.Execute(_binding, _runOptions);
            return;
        }
        using var check = new SelfCheck(_session, _buffers);
        using (var hold = new MemoryHold())
        using (OrtIoBinding reference = Bind(_buffers.Inputs, check.Reference, hold)) Core.Execute(reference, Core.Plain);
        if (Core.Captures && !_captured) CaptureGraph();
        using var saved = new SavedState(_buffers);
        Core.Execute(_binding, _runOptions);
        try
        {
            check.Compare(_captured);
        }
        catch
        {
            saved.Restore();
            throw;
        }
        _checksLeft--;
    }

    /// <summary>Leaves the buffers that a run changes in place as it found them.</summary>
    private void CaptureGraph()
    {
        _session.RequireUndisturbed("Capturing another graph");
        using var saved = new SavedState(_buffers);
        try
        {
            for (int i = 0; i < _session.Options.WarmUpRuns; i++) Core.Execute(_binding, Core.Plain);
            saved.Restore();
            Core.ExecuteCapture(_binding, _runOptions);
        }
        catch (FlashRtException error)
        {
            throw CaptureAnalysis.Failed(_session, error);
        }
        finally
        {
            saved.Restore();
        }
        _captured = true;
        _session.CapturedGraphs++;
    }

    private OrtIoBinding Bind(IReadOnlyDictionary<string, DeviceTensor> inputs, IReadOnlyDictionary<string, DeviceTensor> outputs, MemoryHold hold)
    {
        OrtIoBinding binding = Core.CreateBinding();
        try
        {
            foreach (var (name, tensor) in inputs)
            {
                hold.Add(tensor);
                binding.BindInput(name, tensor.Value);
            }
            foreach (var (name, tensor) in outputs)
            {
                hold.Add(tensor);
                binding.BindOutput(name, tensor.Value);
            }
            return binding;
        }
        catch
        {
            binding.Dispose();
            throw;
        }
    }

    private void CleanUp()
    {
        _disposed = true;
        Core.CleanUp(() =>
        {
            if (_captured) Core.TryReleaseGraph(_graphId);
            _binding.Dispose();
            if (Core.Captures) _runOptions.Dispose();
            _hold.Dispose();
            _buffers.Dispose();
        });
    }
}
