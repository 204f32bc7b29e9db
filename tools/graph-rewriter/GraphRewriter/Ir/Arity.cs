namespace FlashRt.GraphRewriter.Ir;

/// <summary>How many inputs and outputs the common operators have, where that is the same in every operator set.</summary>
internal static class Arity
{
    private static readonly Dictionary<string, int> Inputs = Of(1, "Abs Cast Ceil Cos Erf Exp Floor Gelu Identity IsNaN Log Neg Not Reciprocal Relu Round Shape Sigmoid Sign Sin Size "
            + "Softmax Softplus Sqrt Tanh Transpose Flatten NonZero")
        .Concat(Of(2, "Add And Div Equal Expand Gather GatherND Greater GreaterOrEqual Less LessOrEqual MatMul Mul Or Pow Sub"))
        .Concat(Of(3, "Where ScatterND")).ToDictionary();

    private static readonly HashSet<string> OneOutput = [.. Inputs.Keys, .. "Clip Concat Constant ConstantOfShape CumSum Einsum Gemm Max Min Pad Range ReduceMax ReduceMean ReduceSum Reshape Slice Squeeze Tile Unsqueeze".Split(' ')];

    /// <summary>What is wrong with the numbers of a node, or null.</summary>
    public static string? Problem(NodeProto node)
    {
        if (node.Output.Count == 0 && node.Domain is ("" or "ai.onnx" or "com.microsoft")) return "has no output";
        if (node.Domain is not ("" or "ai.onnx")) return null;
        if (Inputs.TryGetValue(node.OpType, out var needed) && (node.Input.Count != needed || node.Input.Contains("")))
            return $"has {node.Input.Count(i => i.Length > 0)} inputs; the operator takes {needed}";
        return OneOutput.Contains(node.OpType) && node.Output.Count != 1 ? $"has {node.Output.Count} outputs; the operator has one" : null;
    }

    private static IEnumerable<KeyValuePair<string, int>> Of(int count, string ops) => ops.Split(' ').Select(op => KeyValuePair.Create(op, count));
}
