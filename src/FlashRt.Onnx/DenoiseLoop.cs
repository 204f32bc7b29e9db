namespace FlashRt.Onnx;

/// <summary>
/// Runs a model that makes one step of an iteration x ← f(x, t, ...), such as a diffusion or flow-matching denoiser. The state stays in one buffer on
/// the device; the caller sets what changes from step to step, typically a time, and anything else once.
/// <code>
/// using var loop = new DenoiseLoop(session, "noise", "noise_next");
/// loop.State.CopyFrom(noise);
/// loop.Input("dt").Fill(-0.1);
/// loop.Run(10, step => loop.Input("timestep").Fill(1 - (0.1 * step)));
/// </code>
/// </summary>
public sealed class DenoiseLoop : IDisposable
{
    private readonly string _stateOutput;
    private readonly bool _inPlace;

    /// <summary>Binds the session's buffers.</summary>
    /// <param name="session">The model; the caller disposes it after the loop.</param>
    /// <param name="stateInput">The input that holds the state.</param>
    /// <param name="stateOutput">The output that is the next state, of the same type and shape.</param>
    /// <param name="inPlace">
    /// Write the next state over the state. That is right when the model's last use of the state is element by element, as in x + dt·v, and the
    /// self-check finds out otherwise. False copies the next state back after every step.
    /// </param>
    /// <param name="shapes">Shapes of inputs that have dimensions which are not fixed.</param>
    /// <exception cref="FlashRtException">The model has no such input or output, they do not match, or a shape is missing.</exception>
    public DenoiseLoop(FlashRtSession session, string stateInput, string stateOutput, bool inPlace = true, params (string Input, long[] Shape)[] shapes)
    {
        ArgumentNullException.ThrowIfNull(session);
        session.Input(stateInput);
        _stateOutput = session.Output(stateOutput).Name;
        _inPlace = inPlace;
        var options = new BindOptions();
        foreach (var (input, shape) in shapes) options.Shape(input, shape);
        if (inPlace) options.InPlace(stateInput, stateOutput);
        Binding = session.Bind(options);
        State = Binding.Input(stateInput);
        DeviceTensor next = Binding.Output(stateOutput);
        if (next.ElementType == State.ElementType && next.Shape.SequenceEqual(State.Shape)) return;
        Binding.Dispose();
        throw new FlashRtException($"The state input '{stateInput}' ({State}) and the state output "
            + $"'{stateOutput}' ({next}) must have one type and shape.");
    }

    /// <summary>The buffers and the captured graph.</summary>
    public BoundSession Binding { get; }

    /// <summary>The state: set it before <see cref="Run"/>, read it afterwards.</summary>
    public DeviceTensor State { get; }

    /// <summary>The buffer of any input.</summary>
    /// <exception cref="FlashRtException">The model has no such input.</exception>
    public DeviceTensor Input(string name) => Binding.Input(name);

    /// <summary>Runs a number of steps.</summary>
    /// <param name="steps">How many.</param>
    /// <param name="beforeStep">Called with the number of the step (from 0) before it runs, to set inputs such as the time.</param>
    /// <exception cref="FlashRtException">A step failed.</exception>
    public void Run(int steps, Action<int>? beforeStep = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(steps);
        for (int step = 0; step < steps; step++)
        {
            beforeStep?.Invoke(step);
            Binding.Run();
            if (!_inPlace) State.CopyFrom(Binding.Output(_stateOutput));
        }
    }

    /// <summary>Frees the buffers.</summary>
    public void Dispose() => Binding.Dispose();
}
