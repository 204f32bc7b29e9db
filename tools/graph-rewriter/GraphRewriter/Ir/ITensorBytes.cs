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

/// <summary>Row r of each part after the other. A span of it is a copy, for the few who look into a weight.</summary>
internal sealed record JoinedBytes(long Rows, IReadOnlyList<ITensorBytes> Parts) : ITensorBytes
{
    public ReadOnlySpan<byte> Span
    {
        get
        {
            var all = new byte[Parts.Sum(p => (long)p.Span.Length)];
            var at = 0;
            for (var row = 0; row < Rows; row++)
                foreach (var part in Parts)
                {
                    var width = part.Span.Length / (int)Rows;
                    part.Span.Slice(row * width, width).CopyTo(all.AsSpan(at));
                    at += width;
                }
            return all;
        }
    }
}

internal sealed record MappedBytes(MappedFile File, long Offset, int Length) : ITensorBytes
{
    public ReadOnlySpan<byte> Span => File.Slice(Offset, Length);
}
