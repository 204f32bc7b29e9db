namespace FlashRt.Validation.Ops;

/// <summary>NVFP4: E2M1 elements, two in a byte, and an unsigned E4M3 scale for each 16 along a row.</summary>
public static class Nvfp4
{
    /// <summary>Elements that share a scale.</summary>
    public const int Block = 16;

    private static readonly double[] Magnitudes = [0, 0.5, 1, 1.5, 2, 3, 4, 6];
    private static readonly double[] Thresholds = [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5];

    /// <summary>The 4-bit code; midpoints go away from zero.</summary>
    public static int Encode(double value)
    {
        var magnitude = Math.Abs(value);
        var code = Thresholds.Count(t => magnitude >= t);
        return value < 0 ? code | 8 : code;
    }

    /// <summary>The value of a 4-bit code.</summary>
    public static double Decode(int code) => (code & 8) != 0 ? -Magnitudes[code & 7] : Magnitudes[code & 7];

    /// <summary>The smallest unsigned E4M3 value that is not below <paramref name="want"/>; positive values below 2^-9 give 2^-9, those above 240 give 448.</summary>
    public static byte EncodeScale(double want)
    {
        if (!(want > 0))
            return 0;
        for (var code = 1; code <= 0x77; code++)
            if (DecodeScale((byte)code) >= want)
                return (byte)code;
        return 0x7E;
    }

    /// <summary>The value of a scale byte: its low seven bits.</summary>
    public static double DecodeScale(byte code) => Float8.Decode((byte)(code & 0x7F));

    /// <summary>Scales along a row of <paramref name="cols"/> elements.</summary>
    public static long Blocks(long cols) => (cols + Block - 1) / Block;

    /// <summary>Size of the swizzled scale buffer.</summary>
    public static long SwizzledSize(long rows, long cols) => (rows + 127) / 128 * ((Blocks(cols) + 3) / 4) * 512;

    /// <summary>Where the scale of block <paramref name="block"/> of a row lies in the swizzled buffer.</summary>
    public static long SwizzledOffset(long row, long block, long cols)
    {
        var columnTiles = (Blocks(cols) + 3) / 4;
        return (row / 128 * columnTiles + block / 4) * 512 + row % 32 * 16 + row % 128 / 32 * 4 + block % 4;
    }
}
