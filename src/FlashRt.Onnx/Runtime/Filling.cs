using System.Numerics;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlashRt.Onnx.Runtime;

/// <summary>Sets all elements of a tensor to a number.</summary>
internal static class Filling
{
    internal static void Fill(DeviceTensor tensor, double value)
    {
        try
        {
            switch (tensor.ElementType)
            {
                case TensorElementType.Float: Set(tensor, (float)value); break;
                case TensorElementType.Double: Set(tensor, value); break;
                case TensorElementType.Float16: Set(tensor, (Half)value); break;
                case TensorElementType.BFloat16: Set(tensor, (BFloat16)(float)value); break;
                case TensorElementType.Int8: SetInteger<sbyte>(tensor, value); break;
                case TensorElementType.UInt8: SetInteger<byte>(tensor, value); break;
                case TensorElementType.Int16: SetInteger<short>(tensor, value); break;
                case TensorElementType.UInt16: SetInteger<ushort>(tensor, value); break;
                case TensorElementType.Int32: SetInteger<int>(tensor, value); break;
                case TensorElementType.UInt32: SetInteger<uint>(tensor, value); break;
                case TensorElementType.Int64: SetInteger<long>(tensor, value); break;
                case TensorElementType.UInt64: SetInteger<ulong>(tensor, value); break;
                default: throw new FlashRtException($"The tensor {tensor} cannot be filled with a number.");
            }
        }
        catch (OverflowException error)
        {
            throw new FlashRtException($"The tensor {tensor} cannot hold {value}.", error);
        }
    }

    private static void SetInteger<T>(DeviceTensor tensor, double value) where T : unmanaged, INumber<T> => Set(tensor, T.CreateChecked(value));

    private static void Set<T>(DeviceTensor tensor, T value) where T : unmanaged
    {
        var values = new T[tensor.ElementCount];
        Array.Fill(values, value);
        tensor.CopyFrom(values);
    }
}
