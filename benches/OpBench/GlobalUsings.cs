global using DataType = FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
