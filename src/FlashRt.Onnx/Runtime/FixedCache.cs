namespace FlashRt.Onnx.Runtime;

/// <summary>Past and present of one fixed shape: one buffer that is both, or two sets that change roles.</summary>
internal sealed class FixedCache : KvCache
{
    private readonly DecoderLayout _layout;
    private readonly BoundSession[] _turns;
    private int _turn;

    internal FixedCache(DecoderLayout layout, bool swap)
    {
        _layout = layout;
        BindOptions options = layout.NewBinding();
        if (!swap)
        {
            foreach (var (past, present) in layout.Pairs) options.InPlace(past.Name, present.Name);
            _turns = [layout.Session.Bind(options)];
            return;
        }
        BoundSession first = layout.Session.Bind(options);
        try
        {
            options = layout.NewBinding();
            foreach (var (past, present) in layout.Pairs)
                options.UseInput(past.Name, first.Output(present.Name)).UseOutput(present.Name, first.Input(past.Name));
            _turns = [first, layout.Session.Bind(options)];
        }
        catch
        {
            first.Dispose();
            throw;
        }
    }

    internal override DeviceTensor Past(int pair) => _turns[_turn].Input(_layout.Pairs[pair].Past.Name);

    internal override BoundSession Run(long position)
    {
        BoundSession current = _turns[_turn];
        current.Run();
        _turn = (_turn + 1) % _turns.Length;
        return current;
    }

    public override void Dispose()
    {
        foreach (BoundSession turn in _turns.Reverse()) turn.Dispose();
    }
}
