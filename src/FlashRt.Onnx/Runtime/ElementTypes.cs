using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlashRt.Onnx.Runtime;

/// <summary>ONNX element types, their sizes and the C# types that see them.</summary>
internal static class ElementTypes
{
    private static readonly (TensorElementType Element, int Size, Type[] Seen)[] s_types =
    [
        (TensorElementType.Float, 4, [typeof(float)]),
        (TensorElementType.Double, 8, [typeof(double)]),
        (TensorElementType.Float16, 2, [typeof(Half), typeof(Float16)]),
        (TensorElementType.BFloat16, 2, [typeof(BFloat16)]),
        (TensorElementType.Int8, 1, [typeof(sbyte)]),
        (TensorElementType.UInt8, 1, [typeof(byte)]),
        (TensorElementType.Int16, 2, [typeof(short)]),
        (TensorElementType.UInt16, 2, [typeof(ushort)]),
        (TensorElementType.Int32, 4, [typeof(int)]),
        (TensorElementType.UInt32, 4, [typeof(uint)]),
        (TensorElementType.Int64, 8, [typeof(long)]),
        (TensorElementType.UInt64, 8, [typeof(ulong)]),
        (TensorElementType.Bool, 1, [typeof(bool)]),
    ];

    internal static int SizeOf(TensorElementType element)
    {
        foreach (var type in s_types)
            if (type.Element == element) return type.Size;
        throw new FlashRtException($"Tensors of type {element} cannot be device tensors: {Supported} can.");
    }

    internal static TensorElementType Of<T>() where T : unmanaged
    {
        foreach (var type in s_types)
            if (type.Seen.Contains(typeof(T))) return type.Element;
        throw new FlashRtException($"{typeof(T).Name} is no tensor element type: use one of {string.Join(", ", s_types.SelectMany(t => t.Seen).Select(t => t.Name))}.");
    }

    internal static bool Sees<T>(TensorElementType element) where T : unmanaged => Array.Exists(s_types, t => t.Element == element && t.Seen.Contains(typeof(T)));

    internal static string Seen(TensorElementType element) => string.Join(" or ", s_types.First(t => t.Element == element).Seen.Select(t => t.Name));

    private static string Supported => string.Join(", ", s_types.Select(t => t.Element));
}
