namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>The inference rule of each operator, by name.</summary>
internal static class OpShapes
{
    private static readonly Dictionary<string, Action<InferenceContext>> Standard = Table(
        ("Abs Neg Sqrt Reciprocal Exp Log Sin Cos Tanh Sigmoid Erf Relu Gelu Softmax LogSoftmax Identity Floor Ceil Round Sign Clip CumSum "
            + "LeakyRelu Elu Selu HardSigmoid HardSwish Softplus Softsign Mish Swish Not BitwiseNot Trilu LayerNormalization Dropout "
            + "BatchNormalization InstanceNormalization GroupNormalization LpNormalization ScatterND ScatterElements", Elementwise.Same),
        ("Add Sub Mul Div Mod Min Max Sum Mean PRelu BitwiseAnd BitwiseOr BitwiseXor", Elementwise.Broadcasting),
        ("Pow", Elementwise.Pow),
        ("Equal Greater Less GreaterOrEqual LessOrEqual And Or Xor", c => Elementwise.Compare(c)),
        ("IsNaN IsInf", c => c.Set(DataType.Bool, c.Shape(0))),
        ("Where", Elementwise.Where),
        ("Cast", c => { c.Set((DataType)c.Node.Int("to", 0), c.Shape(0)); c.SetSizes(c.Sizes(0)); }),
        ("RMSNormalization", c => c.Set(c.Type(1) == DataType.Undefined ? c.Type(0) : c.Type(1), c.Shape(0))),
        ("SimplifiedLayerNormalization", c => c.Set(c.Type(1) == DataType.Undefined ? c.Type(0) : c.Type(1), c.Shape(0))),
        ("MatMul", Linear.MatMul),
        ("Gemm", Linear.Gemm),
        ("Conv", Linear.Conv),
        ("Attention", Linear.Attention),
        ("ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSumExp", c => Reduction.Reduce(c)),
        ("ArgMax ArgMin", Reduction.Arg),
        ("Shape", ShapeArithmetic.Shape),
        ("Size", c => c.Set(DataType.Int64, Shape.Of([]))),
        ("Constant ConstantOfShape", ShapeArithmetic.Constant),
        ("Range", c => c.Set(c.CommonType, Shape.Of(c.Node.Outputs[0]!.Constant?.Dims ?? []) is { Rank: 1 } s ? s : new Shape([Dim.Unknown]))),
        ("Reshape", Layout.Reshape),
        ("Flatten", Layout.Flatten),
        ("Transpose", Layout.Transpose),
        ("Unsqueeze", Layout.Unsqueeze),
        ("Squeeze", Layout.Squeeze),
        ("Concat", Layout.Concat),
        ("Split", Layout.Split),
        ("Slice", Layout.Slice),
        ("Gather", Layout.Gather),
        ("GatherElements", c => c.Set(c.Type(0), c.Shape(1))),
        ("GatherND", Layout.GatherNd),
        ("Expand", Layout.Expand),
        ("Tile", c => c.Set(c.Type(0), c.Shape(0) is { } s ? new Shape(new Dim[s.Rank]) : null)),
        ("Pad", c => c.Set(c.Type(0), c.Shape(0) is { } s ? new Shape(new Dim[s.Rank]) : null)));

    private static readonly Dictionary<string, Action<InferenceContext>> Contrib = Table(
        ("Gelu FastGelu BiasGelu QuickGelu LayerNormalization SkipLayerNormalization SkipSimplifiedLayerNormalization RotaryEmbedding", Elementwise.Same),
        ("SimplifiedLayerNormalization", c => c.Set(c.Type(1) == DataType.Undefined ? c.Type(0) : c.Type(1), c.Shape(0))));

    private static readonly Dictionary<string, Action<InferenceContext>> FlashRt = Table(
        ("RmsNorm LayerNorm Gelu Silu Relu RotaryEmbedding BiasAdd ResidualAdd SoftmaxRows", Elementwise.Same),
        ("AddRmsNorm AddLayerNorm", c => { Elementwise.Same(c); c.Set(c.Type(0), c.Shape(0), output: 1); }),
        ("GatedActivation", Elementwise.Gated));

    public static Action<InferenceContext>? Find(Node node) => node.Domain switch
    {
        "" => Standard.GetValueOrDefault(node.OpType),
        "com.microsoft" => Contrib.GetValueOrDefault(node.OpType),
        FusedSites.Domain => FlashRt.GetValueOrDefault(node.OpType),
        _ => null,
    };

    private static Dictionary<string, Action<InferenceContext>> Table(params (string Ops, Action<InferenceContext> Rule)[] rows)
    {
        var table = new Dictionary<string, Action<InferenceContext>>(StringComparer.Ordinal);
        foreach (var (ops, rule) in rows)
            foreach (var op in ops.Split(' ')) table[op] = rule;
        return table;
    }
}
