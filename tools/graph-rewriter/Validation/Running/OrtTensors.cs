using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlashRt.Validation;

/// <summary>Host tensors to and from ONNX Runtime's values, which number element types as ONNX does.</summary>
internal static class OrtTensors
{
    public static OrtValue ToOrt(HostTensor tensor)
    {
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, (TensorElementType)tensor.Type, [.. tensor.Dims]);
        tensor.Bytes.CopyTo(value.GetTensorMutableRawData());
        return value;
    }

    public static HostTensor FromOrt(OrtValue value)
    {
        if (!value.IsTensor) throw new ValidationException($"An output is a {value.OnnxType}; only tensors can be compared.");
        var info = value.GetTensorTypeAndShape();
        return new HostTensor((DataType)info.ElementDataType, info.Shape, value.GetTensorMutableRawData().ToArray());
    }
}
