global using FlashRt.GraphRewriter;
global using FlashRt.TestKit;
global using Microsoft.ML.OnnxRuntime;
global using Microsoft.ML.OnnxRuntime.Tensors;
global using DataType = FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
