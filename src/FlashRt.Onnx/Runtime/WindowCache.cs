namespace FlashRt.Onnx.Runtime;

/// <summary>Present is longer than past by the step's tokens: the newest positions are copied to past.</summary>
internal sealed class WindowCache(DecoderLayout layout) : KvCache
{
    private readonly BoundSession _bound = layout.Session.Bind(layout.NewBinding());

    internal override DeviceTensor Past(int pair) => _bound.Input(layout.Pairs[pair].Past.Name);

    internal override BoundSession Run(long position)
    {
        _bound.Run();
        foreach (var (pastInfo, presentInfo) in layout.Pairs)
        {
            DeviceTensor past = _bound.Input(pastInfo.Name), present = _bound.Output(presentInfo.Name);
            int axis = layout.Axis(pastInfo);
            long rows = Dims.Count(past.Shape[..axis]), width = Dims.Count(past.Shape[(axis + 1)..]);
            long kept = past.Shape[axis] * width, all = present.Shape[axis] * width;
            past.CopyRows(present, rows, kept, all - kept, all);
        }
        return _bound;
    }

    public override void Dispose() => _bound.Dispose();
}
