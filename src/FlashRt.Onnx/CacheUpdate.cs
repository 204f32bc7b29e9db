namespace FlashRt.Onnx;

/// <summary>How the present keys and values of a step become the past of the next.</summary>
public enum CacheUpdate
{
    /// <summary>
    /// From the shapes: <see cref="Swap"/> when past and present have one fixed shape, <see cref="Window"/> when present is longer by the step's
    /// tokens, <see cref="Grow"/> when their length is not fixed.
    /// </summary>
    Auto,

    /// <summary>
    /// Past and present have one fixed shape, and are two sets of buffers that change roles after each step; two CUDA graphs. For a model that
    /// writes rows by their position give <see cref="DecodeLoopOptions.Capacity"/>: the loop cannot tell it from one that moves its rows along.
    /// </summary>
    Swap,

    /// <summary>
    /// Past and present have one fixed shape and share a buffer. For models that write the new positions into the cache they were given.
    /// </summary>
    InPlace,

    /// <summary>
    /// Past has a fixed length P and present P + n: the last P positions are kept. The oldest positions are forgotten, as in sliding-window
    /// attention.
    /// </summary>
    Window,

    /// <summary>The length is not fixed and grows by n with each step. Shapes change, so this does not go with CUDA graphs.</summary>
    Grow,
}
