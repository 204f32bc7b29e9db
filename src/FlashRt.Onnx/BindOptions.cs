namespace FlashRt.Onnx;

/// <summary>What a binding's buffers look like: shapes of dynamic inputs, tensors of the caller's own, buffers updated in place.</summary>
public sealed class BindOptions
{
    internal Dictionary<string, long[]> Shapes { get; } = [];

    internal Dictionary<string, long> Sizes { get; } = [];

    internal Dictionary<string, DeviceTensor> InputTensors { get; } = [];

    internal Dictionary<string, DeviceTensor> OutputTensors { get; } = [];

    internal Dictionary<string, string> InPlaceOutputs { get; } = [];

    /// <summary>The shape of an input whose dimensions are not all fixed.</summary>
    public BindOptions Shape(string input, params ReadOnlySpan<long> shape)
    {
        Shapes[input] = shape.ToArray();
        return this;
    }

    /// <summary>The size of a named dimension, wherever the model uses the name.</summary>
    public BindOptions Dimension(string name, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        Sizes[name] = size;
        return this;
    }

    /// <summary>
    /// Binds a tensor of the caller's as an input, for buffers that several bindings share. It has to lie where the session reads the input
    /// (<see cref="TensorInfo.Device"/>); the caller disposes it.
    /// </summary>
    public BindOptions UseInput(string input, DeviceTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        InputTensors[input] = tensor;
        return this;
    }

    /// <summary>Binds a tensor of the caller's as an output, like <see cref="UseInput"/>.</summary>
    public BindOptions UseOutput(string output, DeviceTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        OutputTensors[output] = tensor;
        return this;
    }

    /// <summary>
    /// Binds one buffer as an input and an output of the same type and shape: state that a run updates, such as a KV cache of fixed size. Right only
    /// for a model that reads an element of the input before it writes that element of the output; the self-check compares the first runs with
    /// runs into separate buffers.
    /// </summary>
    public BindOptions InPlace(string input, string output)
    {
        ArgumentNullException.ThrowIfNull(input);
        InPlaceOutputs[output] = input;
        return this;
    }
}
