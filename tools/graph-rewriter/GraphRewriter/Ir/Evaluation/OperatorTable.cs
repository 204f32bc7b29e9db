namespace FlashRt.GraphRewriter.Ir.Evaluation;

/// <summary>The operators that the constant evaluator knows, by name; attributes and inputs of every operator set since 7.</summary>
internal static class OperatorTable
{
    public static Dictionary<string, Func<Operands, ConstantTensor?>> Make()
    {
        var table = new Dictionary<string, Func<Operands, ConstantTensor?>>(StringComparer.Ordinal)
        {
            ["Identity"] = o => o[0],
            ["Dropout"] = o => o.Output == 0 && !o.Has(2) ? o[0] : null,
            ["Cast"] = o => ConstantMath.Cast(o[0], (DataType)o.Node.Int("to", 0)),
            ["CastLike"] = o => ConstantMath.Cast(o[0], o[1].Type),
            ["IsInf"] = o => ConstantLogic.IsInf(o[0], o.Node.Int("detect_negative", 1) != 0, o.Node.Int("detect_positive", 1) != 0),
            ["IsNaN"] = o => ConstantLogic.IsNaN(o[0]),
            ["Not"] = o => ConstantLogic.Not(o[0]),
            ["Where"] = o => ConstantLogic.Where(o[0], o[1], o[2]),
            ["Clip"] = o => ConstantMath.Clip(o[0], o.Has(1) ? o[1] : null, o.Has(2) ? o[2] : null, o.Node),
            ["Reshape"] = o => ConstantLayout.Reshape(o[0], o.Needed(1, "shape"), o.Node.Int("allowzero", 0) != 0),
            ["Flatten"] = o => ConstantLayout.Flatten(o[0], o.Node.Int("axis", 1)),
            ["Unsqueeze"] = o => ConstantLayout.Unsqueeze(o[0], o.Needed(1, "axes")),
            ["Squeeze"] = o => ConstantLayout.Squeeze(o[0], o.Ints(1, "axes")),
            ["Transpose"] = o => ConstantLayout.Transpose(o[0], o.Node.Ints("perm")),
            ["Concat"] = o => ConstantLayout.Concat([.. o.All], (int)o.Node.Int("axis", 0)),
            ["Slice"] = o => ConstantLayout.Slice(o[0], o.Needed(1, "starts"), o.Needed(2, "ends"), o.Ints(3, "axes"), o.Ints(4, "steps")),
            ["Split"] = ConstantLayout.Split,
            ["Expand"] = o => ConstantLayout.Expand(o[0], o[1].ReadAsInt64()),
            ["Tile"] = o => ConstantLayout.Tile(o[0], o[1].ReadAsInt64()),
            ["Trilu"] = o => ConstantLayout.Trilu(o[0], o.Has(1) ? o[1].ReadAsInt64()[0] : 0, o.Node.Int("upper", 1) != 0),
            ["Pad"] = ConstantLayout.Pad,
            ["Gather"] = o => ConstantGather.Gather(o[0], o[1], o.Node.Int("axis", 0)),
            ["GatherND"] = o => ConstantGather.GatherNd(o[0], o[1], (int)o.Node.Int("batch_dims", 0)),
            ["GatherElements"] = o => ConstantGather.GatherElements(o[0], o[1], o.Node.Int("axis", 0)),
            ["ScatterND"] = o => ConstantScatter.ScatterNd(o[0], o[1], o[2], o.Node.Text("reduction", "none")),
            ["ScatterElements"] = o => ConstantScatter.ScatterElements(o[0], o[1], o[2], o.Node.Int("axis", 0), o.Node.Text("reduction", "none")),
            ["OneHot"] = o => ConstantScatter.OneHot(o[0], o[1], o[2], o.Node.Int("axis", -1)),
            ["EyeLike"] = o => ConstantScatter.Eye(o[0].Dims, o.Node.Attribute("dtype") is { } a ? (DataType)a.I : o[0].Type, o.Node.Int("k", 0)),
            ["NonZero"] = o => ConstantGather.NonZero(o[0]),
            ["CumSum"] = o => ConstantReduce.CumSum(o[0], o[1].ReadAsInt64()[0], o.Node.Int("exclusive", 0) != 0, o.Node.Int("reverse", 0) != 0),
            ["ArgMax"] = o => ConstantReduce.Arg(o[0], o.Node, greatest: true),
            ["ArgMin"] = o => ConstantReduce.Arg(o[0], o.Node, greatest: false),
            ["MatMul"] = o => ConstantProduct.MatMul(o[0], o[1]),
            ["Einsum"] = o => ConstantProduct.Einsum(o.Node.Text("equation", ""), [.. o.All]),
            ["Range"] = o => ConstantMath.Range(o[0], o[1], o[2]),
            ["ConstantOfShape"] = o => ConstantMath.Fill(o[0].ReadAsInt64(), o.Node.Attribute("value")?.T is { } t ? o.Node.Outputs[0]!.Graph.Read(t) : null),
        };
        Add(table, ("Neg Sqrt Reciprocal Exp Log Sin Cos Tan Asin Acos Atan Sinh Cosh Abs Floor Ceil Round Sign Tanh Sigmoid Relu Softplus "
            + "BitwiseNot").Split(' '), o => ConstantMath.Unary(o.Node.OpType, o[0]));
        Add(table, ["Add", "Sub", "Mul", "Div", "Pow", "Mod", "BitwiseAnd", "BitwiseOr", "BitwiseXor"], o => ConstantMath.Binary(o.Node, o[0], o[1]));
        Add(table, ["Min", "Max", "Sum"], o => o.All.Aggregate((a, b) => ConstantMath.Binary(o.Node, a, b)));
        Add(table, ["And", "Or", "Xor", "Equal", "Less", "Greater", "LessOrEqual", "GreaterOrEqual"], o => ConstantLogic.Compare(o.Node.OpType, o[0], o[1]));
        Add(table, ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare"],
            o => ConstantReduce.Reduce(o.Node, o[0]));
        return table;
    }

    private static void Add(Dictionary<string, Func<Operands, ConstantTensor?>> table, string[] ops, Func<Operands, ConstantTensor?> rule)
    {
        foreach (var op in ops) table[op] = rule;
    }
}
