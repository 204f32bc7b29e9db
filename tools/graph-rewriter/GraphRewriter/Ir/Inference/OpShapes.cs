namespace FlashRt.GraphRewriter.Ir.Inference;

/// <summary>The inference rule of each operator, by name.</summary>
internal static class OpShapes
{
    private static readonly Dictionary<string, Action<InferenceContext>> Standard = Table(
        ("Abs Neg Sqrt Reciprocal Exp Log Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Tanh Sigmoid Erf Relu Gelu Softmax LogSoftmax Hardmax "
            + "Identity Floor Ceil Round Sign Clip CumSum LeakyRelu Elu Selu Celu HardSigmoid HardSwish Softplus Softsign Mish Swish ThresholdedRelu "
            + "Shrink Not BitwiseNot Trilu InstanceNormalization GroupNormalization LpNormalization MeanVarianceNormalization LRN RotaryEmbedding "
            + "ScatterND ScatterElements Scatter TensorScatter ReverseSequence", Elementwise.Same),
        ("Dropout", c => { Elementwise.Same(c); c.Set(DataType.Bool, c.Shape(0), output: 1); }),
        ("Add Sub Mul Div Mod Min Max Sum Mean PRelu BitwiseAnd BitwiseOr BitwiseXor", Elementwise.Broadcasting),
        ("Pow BitShift", Elementwise.Pow),
        ("Equal Greater Less GreaterOrEqual LessOrEqual And Or Xor", c => Elementwise.Compare(c)),
        ("IsNaN IsInf", c => c.Set(DataType.Bool, c.Shape(0))),
        ("Where", Elementwise.Where),
        ("Cast", c => { c.Set((DataType)c.Node.Int("to", 0), c.Shape(0)); c.SetSizes(c.Sizes(0)); }),
        ("CastLike", c => c.Set(c.Type(1), c.Shape(0))),
        ("LayerNormalization", Normalising.Layer),
        ("RMSNormalization SimplifiedLayerNormalization", Normalising.Rms),
        ("BatchNormalization", Normalising.Batch),
        ("MatMul", Linear.MatMul),
        ("MatMulInteger", Linear.MatMulInteger),
        ("Gemm", Linear.Gemm),
        ("Einsum", Linear.Einsum),
        ("Conv", Spatial.Conv),
        ("ConvInteger", Spatial.ConvInteger),
        ("ConvTranspose", Spatial.ConvTranspose),
        ("AveragePool MaxPool LpPool", Spatial.Pool),
        ("GlobalAveragePool GlobalMaxPool GlobalLpPool", Spatial.GlobalPool),
        ("Resize Upsample", Spatial.Resize),
        ("DepthToSpace SpaceToDepth", Spatial.DepthToSpace),
        ("GridSample", Spatial.GridSample),
        ("Attention", Attending.Attention),
        ("ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum ReduceLogSumExp", c => Reduction.Reduce(c)),
        ("ArgMax ArgMin", Reduction.Arg),
        ("TopK", Selection.TopK),
        ("OneHot", Selection.OneHot),
        ("NonZero", Selection.NonZero),
        ("EyeLike RandomNormalLike RandomUniformLike Bernoulli", Selection.Typed),
        ("RandomNormal RandomUniform", Selection.Random),
        ("QuantizeLinear", Selection.Quantize),
        ("DequantizeLinear", Selection.Dequantize),
        ("DynamicQuantizeLinear", Selection.DynamicQuantize),
        ("RNN GRU LSTM", Selection.Recurrent),
        ("If", Selection.If),
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
        ("Tile", Layout.Tile),
        ("Pad", Layout.Pad));

    // What ONNX Runtime's optimisers and the genai model builder write.
    private static readonly Dictionary<string, Action<InferenceContext>> Contrib = Table(
        ("Gelu FastGelu BiasGelu QuickGelu BiasAdd BiasSoftmax BiasDropout GroupNorm Trilu GemmaRotaryEmbedding RotaryEmbedding", Elementwise.Same),
        ("LayerNormalization", Normalising.Layer),
        ("RMSNormalization SimplifiedLayerNormalization", Normalising.Rms),
        ("SkipLayerNormalization SkipSimplifiedLayerNormalization", Normalising.Skip),
        ("SkipGroupNorm", Normalising.SkipGroup),
        ("EmbedLayerNormalization", Normalising.Embedded),
        ("BiasSplitGelu", c => c.Set(c.Type(0), c.Shape(0) is { } s ? new Shape([.. s.Take(s.Rank - 1), s[-1].Value is { } v ? v / 2 : Dim.Unknown]) : null)),
        ("FusedMatMul TransposeMatMul FusedMatMulActivation", Linear.FusedMatMul),
        ("FusedGemm", Linear.Gemm),
        ("GemmFastGelu", Linear.MatMul),
        ("DynamicQuantizeMatMul MatMulIntegerToFloat", c => { Linear.MatMul(c); c.Set(DataType.Float, null); }),
        ("MatMulNBits MatMulBnb4 MatMulFpQ4", Linear.Packed),
        ("FusedConv", Spatial.Conv),
        ("QuantizeLinear", Selection.Quantize),
        ("DequantizeLinear", Selection.Dequantize),
        ("Attention QAttention", Attending.Projected),
        ("MultiHeadAttention DecoderMaskedMultiHeadAttention", Attending.MultiHead),
        ("GroupQueryAttention", Attending.Grouped));

    private static readonly Dictionary<string, Action<InferenceContext>> FlashRt = Table(
        ("RmsNorm LayerNorm AdaRmsNorm AdaLayerNorm Gelu Silu Relu BiasAdd ResidualAdd SoftmaxRows EulerStep KvCacheWrite ScatterND", Elementwise.Same),
        ("Concat", Layout.Concat),
        ("Split", c => Layout.Split(c, c.Node.Ints("sizes"))),
        ("Gemm", Linear.FlashRtGemm),
        ("PatchIm2col", Spatial.Patches),
        ("AddRmsNorm AddLayerNorm GatedAddAdaRmsNorm GatedAddAdaLayerNorm", c => { Elementwise.Same(c); c.Set(c.Type(0), c.Shape(0), output: 1); }),
        ("Attention", FusedHeads.Attention),
        ("RotaryEmbedding", FusedHeads.RotaryEmbedding),
        ("QkvSplit QkvSplitRope", FusedHeads.QkvSplit),
        ("GatedActivation", Elementwise.Gated),
        ("TimestepEmbedding", Elementwise.Timesteps));

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
