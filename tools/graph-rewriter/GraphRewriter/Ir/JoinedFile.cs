using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>
/// Writes joined tensors into a file of their own, from the files of their parts. Memory holds two blocks, whatever the tensors weigh;
/// the parts are read, not mapped, since pages of a mapping count as memory of the process.
/// </summary>
internal sealed class JoinedFile(ExternalData external) : IDisposable
{
    private const int Block = 1 << 20;
    private const int Page = 4096;  // where ONNX Runtime can map a tensor

    private readonly byte[] read = new byte[Block], joined = new byte[Block];
    private readonly Dictionary<string, SafeFileHandle> handles = new(StringComparer.Ordinal);

    /// <summary>Writes the file, and gives each tensor its offset and length there.</summary>
    public void Write(string path, IEnumerable<TensorProto> tensors)
    {
        var places = new Dictionary<string, (long Offset, long Length)>(StringComparer.Ordinal);
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1);
        foreach (var tensor in tensors)
        {
            var key = JoinedTensor.Key(tensor);
            if (!places.TryGetValue(key, out var place))
            {
                stream.SetLength((stream.Length + Page - 1) / Page * Page);
                var start = stream.Seek(0, SeekOrigin.End);
                Write(JoinedTensor.Of(tensor)!, stream);
                places.Add(key, place = (start, stream.Position - start));
            }
            tensor.ExternalData.Clear();
            Add(tensor, "offset", place.Offset);
            Add(tensor, "length", place.Length);
        }
        stream.Flush(flushToDisk: true);
    }

    public void Dispose()
    {
        foreach (var handle in handles.Values) handle.Dispose();
    }

    private static void Add(TensorProto tensor, string key, long value) =>
        tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value.ToString(CultureInfo.InvariantCulture) });

    private void Write(JoinedTensor tensor, FileStream stream)
    {
        Part[] parts = [.. tensor.Parts.Select(p => external.Locate(p)).Select(p => new Part(Open(p.Path), p.Offset, p.Length / tensor.Rows))];
        var width = parts.Sum(p => p.Width);
        if (width > Block)
        {
            for (var row = 0L; row < tensor.Rows; row++)
                foreach (var part in parts) Copy(part, row, stream);
            return;
        }
        var most = width == 0 ? 0 : Block / (int)width;
        for (var row = 0L; most > 0 && row < tensor.Rows; row += most) Interleave(parts, row, (int)Math.Min(most, tensor.Rows - row), (int)width, stream);
    }

    private void Copy(Part part, long row, FileStream stream)
    {
        for (var done = 0L; done < part.Width;)
        {
            var piece = read.AsSpan(0, (int)Math.Min(Block, part.Width - done));
            Fill(part, row * part.Width + done, piece);
            stream.Write(piece);
            done += piece.Length;
        }
    }

    private void Interleave(Part[] parts, long first, int rows, int width, FileStream stream)
    {
        var column = 0;
        foreach (var part in parts)
        {
            var own = (int)part.Width;
            Fill(part, first * own, read.AsSpan(0, rows * own));
            for (var row = 0; row < rows; row++) read.AsSpan(row * own, own).CopyTo(joined.AsSpan(row * width + column));
            column += own;
        }
        stream.Write(joined, 0, rows * width);
    }

    private static void Fill(Part part, long from, Span<byte> bytes)
    {
        for (var done = 0; done < bytes.Length;)
        {
            var count = RandomAccess.Read(part.File, bytes[done..], part.Offset + from + done);
            if (count == 0) throw new IOException("a weight file became shorter while it was read");
            done += count;
        }
    }

    private SafeFileHandle Open(string path) => handles.TryGetValue(path, out var handle) ? handle : handles[path] = File.OpenHandle(path);

    private sealed record Part(SafeFileHandle File, long Offset, long Width);
}
