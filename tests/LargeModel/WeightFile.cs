using System.Runtime.InteropServices;
using FlashRt.GraphRewriter.Ir.Protos;

namespace FlashRt.LargeModel;

/// <summary>The file of a model's float16 weights.</summary>
internal static class WeightFile
{
    /// <summary>Bytes of a float16 tensor.</summary>
    public static long Size(TensorProto tensor) => 2 * tensor.Dims.Aggregate(1L, (n, d) => n * d);

    /// <summary>What a tensor takes in the file, with the gap that puts the next one at the start of a page.</summary>
    public static long Bytes(TensorProto tensor) =>
        tensor.DataLocation == TensorProto.Types.DataLocation.External ? (Size(tensor) + 4095) / 4096 * 4096 : 0;

    public static void Write(string path, long bytes, bool sparse)
    {
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1);
        stream.SetLength(bytes);
        if (sparse) return;
        var random = new Random(1);
        var block = new Half[1 << 23];
        for (var i = 0; i < block.Length; i++) block[i] = (Half)((random.NextSingle() - 0.5f) / 16);
        var data = MemoryMarshal.AsBytes(block.AsSpan());
        for (long done = 0; done < bytes; done += data.Length) stream.Write(data[..(int)Math.Min(data.Length, bytes - done)]);
    }
}
