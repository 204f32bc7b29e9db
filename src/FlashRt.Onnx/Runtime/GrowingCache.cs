namespace FlashRt.Onnx.Runtime;

/// <summary>Past and present grow with each step: two sets of larger buffers that are bound anew with the shapes of the step.</summary>
internal sealed class GrowingCache : KvCache
{
    private readonly DecoderLayout _layout;
    private DeviceTensor[] _past, _present;
    private DeviceTensor[] _views = [];
    private DeviceTensor? _logits;
    private BoundSession? _bound;
    private long _capacity, _length;

    internal GrowingCache(DecoderLayout layout)
    {
        _layout = layout;
        _capacity = Math.Max(layout.Options.InitialCapacity, layout.TokensPerStep);
        _past = Allocate();
        _present = Allocate();
    }

    internal override DeviceTensor Past(int pair) => _past[pair].View(Shape(pair, _length));

    internal override void Reset(long position)
    {
        Reserve(position);
        _length = position;
    }

    internal override BoundSession Run(long position)
    {
        long longer = _length + _layout.TokensPerStep;
        Reserve(longer);
        BindOptions options = _layout.NewBinding();
        var views = new DeviceTensor[2 * _past.Length];
        for (int i = 0; i < _past.Length; i++)
        {
            options.UseInput(_layout.Pairs[i].Past.Name, views[2 * i] = Past(i));
            options.UseOutput(_layout.Pairs[i].Present.Name, views[(2 * i) + 1] = _present[i].View(Shape(i, longer)));
        }
        if (_logits is not null) options.UseOutput(_layout.Logits, _logits);
        BoundSession bound = _layout.Session.Bind(options);
        try
        {
            bound.Run();
            if (_logits is null)
            {
                // The first binding made the buffer; later ones have the same shape and use this one.
                DeviceTensor made = bound.Output(_layout.Logits);
                _logits = DeviceTensor.Create(made.ElementType, made.Shape, made.Device);
            }
        }
        catch
        {
            bound.Dispose();
            throw;
        }
        Unbind();
        (_bound, _views) = (bound, views);
        (_past, _present, _length) = (_present, _past, longer);
        return bound;
    }

    public override void Dispose()
    {
        Unbind();
        _logits?.Dispose();
        foreach (DeviceTensor tensor in _past.Concat(_present)) tensor.Dispose();
    }

    private void Unbind()
    {
        _bound?.Dispose();
        foreach (DeviceTensor view in _views) view.Dispose();
    }

    private DeviceTensor[] Allocate() =>
        [.. _layout.Pairs.Select((p, i) => DeviceTensor.Create(p.Past.ElementType, Shape(i, _capacity), p.Past.Device))];

    /// <summary>The past's shape with a number of positions; other dimensions that are not fixed are 1.</summary>
    private long[] Shape(int pair, long positions)
    {
        TensorInfo info = _layout.Pairs[pair].Past;
        long[] shape = [.. info.Dimensions.Select(d => d < 0 ? 1 : d)];
        shape[_layout.Axis(info)] = positions;
        return shape;
    }

    private void Reserve(long positions)
    {
        if (positions <= _capacity) return;
        DeviceTensor[] oldPast = _past, oldPresent = _present;
        DeviceTensor[] kept = [.. oldPast.Select((_, i) => Past(i))];
        _capacity = Math.Max(positions, 2 * _capacity);
        _past = Allocate();
        _present = Allocate();
        for (int i = 0; i < kept.Length; i++) Past(i).CopyFrom(kept[i]);
        foreach (DeviceTensor tensor in oldPast.Concat(oldPresent)) tensor.Dispose();
    }
}
