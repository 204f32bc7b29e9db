using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace FlashRt.Onnx;

/// <summary>The outputs of a run by name, in the model's order. Disposing it disposes them all.</summary>
public sealed class FlashRtOutputs : IReadOnlyDictionary<string, DeviceTensor>, IDisposable
{
    private readonly string[] _names;
    private readonly Dictionary<string, DeviceTensor> _tensors;

    internal FlashRtOutputs(string[] names, Dictionary<string, DeviceTensor> tensors)
    {
        _names = names;
        _tensors = tensors;
    }

    /// <summary>The output of a name.</summary>
    /// <exception cref="FlashRtException">The run had no such output.</exception>
    public DeviceTensor this[string key] => _tensors.TryGetValue(key, out DeviceTensor? tensor) ? tensor
        : throw new FlashRtException($"There is no output '{key}'; the outputs are {string.Join(", ", _names)}.");

    /// <summary>The names, in the model's order.</summary>
    public IEnumerable<string> Keys => _names;

    /// <summary>The tensors, in the model's order.</summary>
    public IEnumerable<DeviceTensor> Values => _names.Select(n => _tensors[n]);

    /// <summary>Number of outputs.</summary>
    public int Count => _names.Length;

    /// <summary>Whether there is an output of that name.</summary>
    public bool ContainsKey(string key) => _tensors.ContainsKey(key);

    /// <summary>The output of a name, if there is one.</summary>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out DeviceTensor value) => _tensors.TryGetValue(key, out value);

    /// <summary>Names and tensors, in the model's order.</summary>
    public IEnumerator<KeyValuePair<string, DeviceTensor>> GetEnumerator() => _names.Select(n => KeyValuePair.Create(n, _tensors[n])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (DeviceTensor tensor in _tensors.Values) tensor.Dispose();
    }
}
