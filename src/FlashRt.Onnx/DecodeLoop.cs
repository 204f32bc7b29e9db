using FlashRt.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlashRt.Onnx;

/// <summary>
/// Runs a decoder model with past and present keys and values step by step. Tokens and positions go into fixed buffers, the cache stays on the
/// device.
/// <code>
/// using var loop = new DecodeLoop(session);
/// foreach (long token in loop.Generate(firstToken, 32, DecodeLoop.Greedy)) Console.Write(Text(token));
/// </code>
/// </summary>
public sealed class DecodeLoop : IDisposable
{
    private readonly KvCache _cache;
    private readonly DecoderLayout _layout;
    private DeviceTensor? _logits;

    /// <summary>Binds the session's buffers.</summary>
    /// <param name="session">The model; the caller disposes it after the loop.</param>
    /// <param name="options">Names and layout, where they differ from the usual.</param>
    /// <exception cref="FlashRtException">The model does not have the inputs and outputs that are needed, or their shapes do not go with the way of
    /// updating the cache.</exception>
    public DecodeLoop(FlashRtSession session, DecodeLoopOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        _layout = new DecoderLayout(session, options ?? new());
        try
        {
            _cache = _layout.Update switch
            {
                CacheUpdate.Window => new WindowCache(_layout),
                CacheUpdate.Grow => new GrowingCache(_layout),
                _ => new FixedCache(_layout, swap: _layout.Update == CacheUpdate.Swap),
            };
        }
        catch
        {
            _layout.Dispose();
            throw;
        }
    }

    /// <summary>The way of updating the cache.</summary>
    public CacheUpdate Update => _layout.Update;

    /// <summary>Position of the next token; also the number of positions in a cache that grows.</summary>
    public long Position { get; private set; }

    /// <summary>Positions that the cache has room for, null without a limit; see <see cref="DecodeLoopOptions.Capacity"/>.</summary>
    public long? Capacity => _layout.Capacity;

    /// <summary>Starts again at a position. The cache keeps its contents; <see cref="Past"/> gives access to them.</summary>
    public void Reset(long position = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        _cache.Reset(position);
        Position = position;
    }

    /// <summary>The past that the next step reads: to load what a prefill computed, or to clear it. Ask again after each step.</summary>
    /// <exception cref="FlashRtException">The name is no past input.</exception>
    public DeviceTensor Past(string name) => _cache.Past(_layout.PastIndex(name));

    /// <summary>The buffer of an input that is neither tokens, positions nor past, such as an attention mask.</summary>
    /// <exception cref="FlashRtException">The loop does not leave that input to the caller.</exception>
    public DeviceTensor Input(string name) => _layout.Others.TryGetValue(name, out DeviceTensor? tensor) ? tensor
        : throw new FlashRtException($"'{name}' is not an input for the caller to set; these are: {string.Join(", ", _layout.Others.Keys)}.");

    /// <summary>Runs one step and returns the logits; they stay valid until the next step.</summary>
    /// <param name="tokens">The tokens of the step, as many as the token input has elements.</param>
    /// <exception cref="FlashRtException">Another number of tokens, a cache that is full, or the run failed.</exception>
    public DeviceTensor Step(params ReadOnlySpan<long> tokens)
    {
        if (Position > _layout.Capacity - _layout.TokensPerStep)
            throw new FlashRtException($"The cache has room for {_layout.Capacity} positions, and the step would write positions {Position} to "
                + $"{Position + _layout.TokensPerStep - 1}. Reset the loop, or rewrite the model with a larger cache (--kv-cache in-place:N).");
        _layout.SetTokens(tokens, Position);
        _logits = _cache.Run(Position).Output(_layout.Logits);
        Position += _layout.TokensPerStep;
        return _logits;
    }

    /// <summary>Generates tokens one by one; each becomes the input of the next step.</summary>
    /// <param name="token">The token to begin with; it is not returned.</param>
    /// <param name="count">How many to generate.</param>
    /// <param name="choose">Chooses a token from the logits, for example <see cref="Greedy"/>.</param>
    /// <exception cref="FlashRtException">While it is enumerated: the cache is full, or a step failed.</exception>
    public IEnumerable<long> Generate(long token, int count, Func<DeviceTensor, long> choose)
    {
        ArgumentNullException.ThrowIfNull(choose);
        for (int i = 0; i < count; i++)
        {
            token = choose(Step(token));
            yield return token;
        }
    }

    /// <summary>The index of the greatest logit of the last position.</summary>
    /// <exception cref="FlashRtException">The logits are not float32, float16 or bfloat16.</exception>
    public static long Greedy(DeviceTensor logits)
    {
        ArgumentNullException.ThrowIfNull(logits);
        long width = logits.Shape.Length > 0 ? logits.Shape[^1] : 1;
        using DeviceTensor last = logits.Slice(logits.ElementCount - width, width);
        return last.ElementType switch
        {
            TensorElementType.Float => ArgMax(last.ToArray<float>(), v => v),
            TensorElementType.Float16 => ArgMax(last.ToArray<Half>(), v => (float)v),
            TensorElementType.BFloat16 => ArgMax(last.ToArray<Microsoft.ML.OnnxRuntime.BFloat16>(), v => (float)v),
            _ => throw new FlashRtException($"Logits must be float32, float16 or bfloat16, got {logits}."),
        };
    }

    /// <summary>Frees the buffers.</summary>
    public void Dispose()
    {
        _cache.Dispose();
        _layout.Dispose();
    }

    private static long ArgMax<T>(T[] values, Func<T, float> read)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
            if (read(values[i]) > read(values[best])) best = i;
        return best;
    }
}
