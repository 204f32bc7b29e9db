using FlashRt.GraphRewriter;

namespace FlashRt.Benches;

/// <summary>Adds one link of a chain to a model: takes the running values and returns the next ones, of the same types and shapes.</summary>
internal delegate string[] Link(Chain chain, string[] values);

/// <summary>One op at one shape, and how to write it: as our op, as an exporter writes it, and as ONNX Runtime's own fused op where it has one.</summary>
internal sealed record OpCase(string Op, string Shape, long[][] Inputs, Link Ours, Link Exported, Link? Stock = null, string StockName = "")
{
    /// <summary>Version of the standard operators that the links use.</summary>
    public int Opset { get; init; } = 20;
}
