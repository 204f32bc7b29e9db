namespace FlashRt.LargeModel;

/// <summary>The sizes of a decoder.</summary>
public sealed record DecoderSize(int Layers, int Hidden, int Heads, int KeyHeads, int Inner, int Vocabulary, int Length)
{
    /// <summary>Layers as wide as those of Llama 3 8B, with the embedding used again as the last product.</summary>
    public static DecoderSize Llama8B(int layers) => new(layers, 4096, 32, 8, 14336, 128256, 64);

    /// <summary>The same layers a quarter as wide: 27 MB each, and 66 MB of embedding.</summary>
    public static DecoderSize Quarter(int layers) => new(layers, 1024, 8, 2, 3584, 32064, 16);

    /// <summary>Elements of a head.</summary>
    public int Head => Hidden / Heads;
}
