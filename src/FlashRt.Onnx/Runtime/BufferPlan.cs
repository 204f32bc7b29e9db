namespace FlashRt.Onnx.Runtime;

/// <summary>The tensors behind a binding: which are given, which are made, and which of them a run changes in place.</summary>
internal sealed class BufferPlan : IDisposable
{
    private readonly List<DeviceTensor> _owned = [];
    private readonly Dictionary<string, long> _sizes;
    private readonly FlashRtSession _session;

    internal BufferPlan(FlashRtSession session, BindOptions options)
    {
        _session = session;
        _sizes = new(options.Sizes);
        try
        {
            CheckNames(options);
            foreach (TensorInfo info in session.Inputs) LearnSizes(info, options);
            foreach (TensorInfo info in session.Inputs) Inputs.Add(info.Name, InputTensor(info, options));
            MakeOutputs(options);
            Stateful = [.. Outputs.Where(o => Inputs.Values.Any(i => i.Overlaps(o.Value))).Select(o => o.Key)];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal Dictionary<string, DeviceTensor> Inputs { get; } = [];

    internal Dictionary<string, DeviceTensor> Outputs { get; } = [];

    /// <summary>Outputs whose memory is also an input's: a run changes what the next run reads.</summary>
    internal IReadOnlyList<string> Stateful { get; } = [];

    public void Dispose()
    {
        foreach (DeviceTensor tensor in _owned) tensor.Dispose();
    }

    private void CheckNames(BindOptions options)
    {
        foreach (string name in options.Shapes.Keys.Concat(options.InputTensors.Keys).Concat(options.InPlaceOutputs.Values)) _session.Input(name);
        foreach (string name in options.OutputTensors.Keys.Concat(options.InPlaceOutputs.Keys)) _session.Output(name);
        string[] symbols = [.. _session.Inputs.Concat(_session.Outputs).SelectMany(i => i.Symbols).OfType<string>().Distinct()];
        foreach (string name in options.Sizes.Keys.Where(n => !symbols.Contains(n)))
            throw new FlashRtException($"The model has no dimension named '{name}'; it names {(symbols.Length > 0 ? string.Join(", ", symbols) : "none")}.");
    }

    /// <summary>Reads the sizes of named dimensions off the shapes given.</summary>
    private void LearnSizes(TensorInfo info, BindOptions options)
    {
        long[]? shape = options.InputTensors.TryGetValue(info.Name, out DeviceTensor? tensor) ? tensor.Shape.ToArray() : options.Shapes.GetValueOrDefault(info.Name);
        if (shape is null || shape.Length != info.Dimensions.Count) return;
        for (int i = 0; i < shape.Length; i++)
        {
            if (info.Symbols[i] is not { } symbol || info.Dimensions[i] >= 0) continue;
            if (!_sizes.TryAdd(symbol, shape[i]) && _sizes[symbol] != shape[i])
                throw new FlashRtException($"The dimension '{symbol}' would have two sizes: "
                    + $"{_sizes[symbol]}, and {shape[i]} in the shape {Dims.Text(shape)} of '{info.Name}'.");
        }
    }

    private DeviceTensor InputTensor(TensorInfo info, BindOptions options)
    {
        if (options.InputTensors.TryGetValue(info.Name, out DeviceTensor? given)) return Checked(info, given, "input");
        long[]? shape = options.Shapes.GetValueOrDefault(info.Name) ?? KnownShape(info);
        if (shape is null)
            throw new FlashRtException($"The input {info} has dimensions that are not fixed: give its shape with "
                + $"BindOptions.Shape(\"{info.Name}\", ...) or their sizes with BindOptions.Dimension.");
        if (info.Mismatch(info.ElementType, shape) is not null) throw new FlashRtException($"The shape {Dims.Text(shape)} does "
            + $"not fit the input {info}.");
        return Own(DeviceTensor.Create(info.ElementType, shape, info.Device));
    }

    private void MakeOutputs(BindOptions options)
    {
        var unknown = new List<TensorInfo>();
        foreach (TensorInfo info in _session.Outputs)
        {
            if (options.InPlaceOutputs.TryGetValue(info.Name, out string? input)) Outputs.Add(info.Name, InPlace(info, input));
            else if (options.OutputTensors.TryGetValue(info.Name, out DeviceTensor? given)) Outputs.Add(info.Name, Checked(info, given, "output"));
            else if (KnownShape(info) is { } shape) Outputs.Add(info.Name, Own(DeviceTensor.Create(info.ElementType, shape, info.Device)));
            else unknown.Add(info);
        }
        if (unknown.Count == 0) return;
        // A run tells the shapes that the model leaves open. It reads the inputs as they are: zeros, or what the caller's tensors hold.
        using FlashRtOutputs found = PlainRun.Execute(_session.Core, Inputs, unknown.Select(o => o.Name), TensorDevice.Cpu);
        foreach (TensorInfo info in unknown) Outputs.Add(info.Name, Own(DeviceTensor.Create(info.ElementType, found[info.Name].Shape, info.Device)));
    }

    private DeviceTensor InPlace(TensorInfo output, string input)
    {
        DeviceTensor tensor = Inputs[input];
        if (output.Mismatch(tensor.ElementType, tensor.Shape) is { } wrong)
            throw new FlashRtException($"The output {output} cannot be updated in place of the input '{input}', which {wrong}.");
        return tensor.Device == output.Device ? tensor
            : throw new FlashRtException($"The output '{output.Name}' is written on {output.Device} and cannot be "
                + $"updated in place of '{input}' on {tensor.Device}.");
    }

    private static DeviceTensor Checked(TensorInfo info, DeviceTensor tensor, string kind)
    {
        InputCheck.One(info, tensor, kind);
        // ONNX Runtime would copy it once, when it is bound, and never see what is written to it later.
        return tensor.Device == info.Device ? tensor
            : throw new FlashRtException($"The {kind} '{info.Name}' lies on {info.Device} in this session, the tensor given on {tensor.Device}.");
    }

    private long[]? KnownShape(TensorInfo info)
    {
        var shape = new long[info.Dimensions.Count];
        for (int i = 0; i < shape.Length; i++)
        {
            if (info.Dimensions[i] >= 0) shape[i] = info.Dimensions[i];
            else if (info.Symbols[i] is { } symbol && _sizes.TryGetValue(symbol, out long size)) shape[i] = size;
            else return null;
        }
        return shape;
    }

    private DeviceTensor Own(DeviceTensor tensor)
    {
        _owned.Add(tensor);
        return tensor;
    }
}
