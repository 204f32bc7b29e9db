using FlashRt.GraphRewriter;
using Google.Protobuf;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace FlashRt.CustomOps.Tests;

/// <summary>Sessions over models of one op, by ONNX Runtime's own API, so that its exceptions arrive as they are.</summary>
internal static class OpSessions
{
    /// <summary>A session of the one-node model.</summary>
    public static InferenceSession Open(OpSignature signature, IReadOnlyDictionary<string, OpTensor> operands, OpProvider provider, bool staticShapes = false) =>
        Open(OpModel.Build(signature, operands, staticShapes), provider);

    /// <summary>A session of any model.</summary>
    public static InferenceSession Open(OnnxModel model, OpProvider provider)
    {
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        FlashRtLibrary.Register(options);
        if (provider == OpProvider.Cuda)
            options.AppendExecutionProvider_CUDA();
        return new InferenceSession(model.Proto.ToByteArray(), options);
    }

    /// <summary>Runs a session on operands and gives its outputs.</summary>
    public static Dictionary<string, OpTensor> Run(InferenceSession session, IReadOnlyDictionary<string, OpTensor> operands)
    {
        using var run = new RunOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        var values = new List<OrtValue>();
        try
        {
            foreach (var name in session.InputNames)
            {
                var tensor = operands[name];
                var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, (TensorElementType)OpModel.Outside(tensor.Type), tensor.Shape);
                values.Add(value);
                OpTensorBytes.Encode(tensor).CopyTo(value.GetTensorMutableRawData());
            }
            using var results = session.Run(run, session.InputNames, values, session.OutputNames);
            return session.OutputNames.Zip(results).ToDictionary(r => r.First, r => Read(r.Second));
        }
        finally
        {
            values.ForEach(v => v.Dispose());
        }
    }

    private static OpTensor Read(OrtValue value)
    {
        var info = value.GetTensorTypeAndShape();
        return OpTensorBytes.Decode((ElementType)info.ElementDataType, info.Shape, value.GetTensorMutableRawData());
    }
}
