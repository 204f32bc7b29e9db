global using FlashRt.GraphRewriter.Ir;
global using FlashRt.GraphRewriter.Ir.Protos;
global using FlashRt.TestKit;
global using DataType = FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
