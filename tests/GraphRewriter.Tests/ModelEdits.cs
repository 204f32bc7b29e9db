namespace FlashRt.GraphRewriter.Tests;

internal static class ModelEdits
{
    /// <summary>The model with another element type stated for an output.</summary>
    public static OnnxModel Retyped(this OnnxModel model, string output, DataType type)
    {
        model.Proto.Graph.Output.First(o => o.Name == output).Type.TensorType.ElemType = (int)type;
        return new OnnxModel(model.Proto);
    }
}
