global using FlashRt.Onnx;
global using FlashRt.Onnx.Catalog;
global using FlashRt.TestKit;
global using FlashRt.Validation.Ops;
