using FlashRt.Onnx.Runtime;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlashRt.Onnx;

/// <summary>An input or output of a model.</summary>
public sealed class TensorInfo
{
    internal TensorInfo(string name, TensorElementType elementType, long[] dimensions, string?[] symbols, TensorDevice device)
    {
        Name = name;
        ElementType = elementType;
        Dimensions = dimensions;
        Symbols = symbols;
        Device = device;
    }

    /// <summary>The name in the model.</summary>
    public string Name { get; }

    /// <summary>The ONNX element type.</summary>
    public TensorElementType ElementType { get; }

    /// <summary>The dimensions, -1 where one is not fixed.</summary>
    public IReadOnlyList<long> Dimensions { get; }

    /// <summary>The name of each dimension that is not fixed, null for fixed and unnamed ones.</summary>
    public IReadOnlyList<string?> Symbols { get; }

    /// <summary>
    /// Where the session reads or writes it: mostly its provider's device, the CPU for values that only the CPU needs (such as shapes).
    /// </summary>
    public TensorDevice Device { get; }

    /// <summary>Whether every dimension is fixed.</summary>
    public bool IsStatic => Dimensions.All(d => d >= 0);

    /// <summary>"x: Float16[1,seq,256]".</summary>
    public override string ToString() =>
        $"{Name}: {ElementType}[{string.Join(",", Dimensions.Select((d, i) => d >= 0 ? d.ToString() : Symbols[i] ?? "?"))}]";

    internal static TensorInfo From(string name, NodeMetadata metadata, TensorDevice device)
    {
        if (!metadata.IsTensor) throw new FlashRtException($"'{name}' is a {metadata.OnnxValueType}; "
            + "this library runs models whose inputs and outputs are tensors.");
        string?[] symbols = [.. metadata.SymbolicDimensions.Select(s => string.IsNullOrEmpty(s) ? null : s)];
        return new(name, metadata.ElementDataType, [.. metadata.Dimensions.Select(d => (long)d)], symbols, device);
    }

    /// <summary>Null when a tensor of that type and shape can be this input; otherwise what is wrong with it.</summary>
    internal string? Mismatch(TensorElementType elementType, ReadOnlySpan<long> shape)
    {
        if (elementType != ElementType) return $"has elements of type {elementType}";
        if (shape.Length != Dimensions.Count) return $"has the shape {Dims.Text(shape)}";
        for (int i = 0; i < shape.Length; i++)
            if (Dimensions[i] >= 0 && Dimensions[i] != shape[i]) return $"has the shape {Dims.Text(shape)}";
        return null;
    }
}
