using Google.Protobuf;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>Where a tensor's bytes are: a span can be taken, but not held, because mapped files are longer than arrays can be.</summary>
internal interface ITensorBytes
{
    ReadOnlySpan<byte> Span { get; }
}

internal sealed record ArrayBytes(byte[] Data) : ITensorBytes
{
    public ReadOnlySpan<byte> Span => Data;
}

internal sealed record ProtoBytes(ByteString Data) : ITensorBytes
{
    public ReadOnlySpan<byte> Span => Data.Span;
}

internal sealed record MappedBytes(MappedFile File, long Offset, int Length) : ITensorBytes
{
    public ReadOnlySpan<byte> Span => File.Slice(Offset, Length);
}
