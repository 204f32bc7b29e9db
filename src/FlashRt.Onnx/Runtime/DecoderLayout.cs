using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlashRt.Onnx.Runtime;

/// <summary>Which inputs and outputs of a decoder mean what, and the buffers that every step shares.</summary>
internal sealed class DecoderLayout : IDisposable
{
    private readonly DeviceTensor _tokens;
    private readonly DeviceTensor? _positions;
    private readonly string _tokenInput;
    private readonly string? _positionInput;

    internal DecoderLayout(FlashRtSession session, DecodeLoopOptions options)
    {
        Session = session;
        Options = options;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.TokensPerStep);
        if (options.Capacity is < 0) throw new FlashRtException($"DecodeLoopOptions.Capacity must not be negative, got {options.Capacity}.");
        if (options.Cache is null) throw new FlashRtException("DecodeLoopOptions.Cache must not be null; leave it out where the names are the usual ones.");
        Pairs = FindPairs(session, options);
        Update = options.Update == CacheUpdate.Auto ? Guess() : options.Update;
        CheckUpdate();
        Capacity = options.Capacity ?? (Update == CacheUpdate.InPlace ? Pairs.Min(p => p.Past.Dimensions[Axis(p.Past)]) : null);
        _tokenInput = options.TokenInput;
        _positionInput = options.PositionInput ?? (session.Inputs.Any(i => i.Name == "position_ids") ? "position_ids" : null);
        Logits = options.LogitsOutput ?? session.Outputs.FirstOrDefault(o => Pairs.All(p => p.Present.Name != o.Name))?.Name
            ?? throw new FlashRtException("The model has no output beside the present keys and values: "
                + "name one with DecodeLoopOptions.LogitsOutput.");
        session.Output(Logits);
        _tokens = StepBuffer(session.Input(_tokenInput));
        TokensPerStep = _tokens.Shape.Length == 0 ? 1 : _tokens.Shape[^1];
        try
        {
            _positions = _positionInput is null ? null : StepBuffer(session.Input(_positionInput));
            foreach (TensorInfo info in session.Inputs.Where(i => i.Name != _tokenInput && i.Name != _positionInput && Pairs.All(p => p.Past.Name != i.Name)))
                Others.Add(info.Name, StepBuffer(info));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal FlashRtSession Session { get; }

    internal DecodeLoopOptions Options { get; }

    internal IReadOnlyList<(TensorInfo Past, TensorInfo Present)> Pairs { get; }

    internal CacheUpdate Update { get; }

    /// <summary>Positions that there is room for, null without a limit.</summary>
    internal long? Capacity { get; }

    internal string Logits { get; }

    internal long TokensPerStep { get; }

    /// <summary>Inputs that the loop leaves to the caller.</summary>
    internal Dictionary<string, DeviceTensor> Others { get; } = [];

    internal int PastIndex(string name)
    {
        for (int i = 0; i < Pairs.Count; i++)
            if (Pairs[i].Past.Name == name) return i;
        throw new FlashRtException($"'{name}' is not a past input; these are: {string.Join(", ", Pairs.Select(p => p.Past.Name))}.");
    }

    /// <summary>A binding's options with everything but past and present.</summary>
    internal BindOptions NewBinding()
    {
        BindOptions options = new BindOptions().UseInput(_tokenInput, _tokens);
        if (_positions is not null) options.UseInput(_positionInput!, _positions);
        foreach (var (name, tensor) in Others) options.UseInput(name, tensor);
        return options;
    }

    internal void SetTokens(ReadOnlySpan<long> tokens, long position)
    {
        if (tokens.Length != _tokens.ElementCount)
            throw new FlashRtException($"A step takes {_tokens.ElementCount} tokens ('{_tokenInput}' is {_tokens}), {tokens.Length} were given.");
        Set(_tokens, tokens.ToArray());
        if (_positions is null) return;
        var positions = new long[_positions.ElementCount];
        for (int i = 0; i < positions.Length; i++) positions[i] = position + (i % TokensPerStep);
        Set(_positions, positions);
    }

    internal int Axis(TensorInfo info)
    {
        int axis = Options.PositionAxis < 0 ? info.Dimensions.Count + Options.PositionAxis : Options.PositionAxis;
        return axis >= 0 && axis < info.Dimensions.Count ? axis : throw new FlashRtException($"{info} has no axis {Options.PositionAxis} "
            + "(DecodeLoopOptions.PositionAxis).");
    }

    public void Dispose()
    {
        _tokens.Dispose();
        _positions?.Dispose();
        foreach (DeviceTensor tensor in Others.Values) tensor.Dispose();
    }

    private static List<(TensorInfo, TensorInfo)> FindPairs(FlashRtSession session, DecodeLoopOptions options)
    {
        if (options.Cache.Count > 0) return [.. options.Cache.Select(p => (session.Input(p.Past), session.Output(p.Present)))];
        TensorInfo[] past = [.. session.Inputs.Where(i => i.Name.StartsWith("past", StringComparison.Ordinal))];
        TensorInfo[] present = [.. session.Outputs.Where(o => o.Name.StartsWith("present", StringComparison.Ordinal))];
        if (past.Length == 0 || past.Length != present.Length)
            throw new FlashRtException($"The model has {past.Length} inputs named past* and {present.Length} outputs named present*: "
                + "name the pairs with DecodeLoopOptions.Cache.");
        return [.. past.Zip(present)];
    }

    private CacheUpdate Guess()
    {
        if (Pairs.All(p => p.Past.IsStatic && p.Present.IsStatic && p.Past.Dimensions.SequenceEqual(p.Present.Dimensions))) return CacheUpdate.Swap;
        return Pairs.All(p => p.Past.IsStatic && p.Present.IsStatic) ? CacheUpdate.Window : CacheUpdate.Grow;
    }

    private void CheckUpdate()
    {
        if (Update == CacheUpdate.Grow && Session.UsesCudaGraph)
            throw new FlashRtException("A cache that grows changes its shapes with every step, which a CUDA graph cannot repeat: open the session "
                + "without CudaGraph, or export the model with a cache of fixed length.");
        foreach (var (past, present) in Pairs)
        {
            bool same = past.ElementType == present.ElementType && past.Dimensions.Count == present.Dimensions.Count;
            for (int i = 0; same && i < past.Dimensions.Count; i++)
                same = past.Dimensions[i] == present.Dimensions[i] || (i == Axis(past) && Update is CacheUpdate.Window or CacheUpdate.Grow);
            if (!same || (Update == CacheUpdate.Window && !(past.IsStatic && present.Dimensions[Axis(past)] >= past.Dimensions[Axis(past)])))
                throw new FlashRtException($"The past {past} and the present {present} do not go with the cache update {Update}.");
        }
    }

    /// <summary>A buffer for a step; of the dimensions that are not fixed the last is the step's tokens and others are 1.</summary>
    private DeviceTensor StepBuffer(TensorInfo info)
    {
        long[] shape = [.. info.Dimensions];
        for (int i = 0; i < shape.Length; i++)
            if (shape[i] < 0) shape[i] = i == shape.Length - 1 ? Options.TokensPerStep : 1;
        return DeviceTensor.Create(info.ElementType, shape, info.Device);
    }

    private static void Set(DeviceTensor tensor, long[] values)
    {
        if (tensor.ElementType == TensorElementType.Int64) tensor.CopyFrom(values);
        else if (tensor.ElementType == TensorElementType.Int32) tensor.CopyFrom(Array.ConvertAll(values, v => checked((int)v)));
        else throw new FlashRtException($"Tokens and positions must be int64 or int32, the model takes {tensor}.");
    }
}
