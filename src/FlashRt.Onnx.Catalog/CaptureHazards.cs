namespace FlashRt.Onnx.Catalog;

/// <summary>
/// What ONNX Runtime's CUDA provider does in a CUDA graph capture, op by op: the one list behind the runtime's errors, flashrt
/// preflight and the rewriter's replacements. All ops are of the standard domain.
/// </summary>
public static class CaptureHazards
{
    /// <summary>The version of ONNX Runtime that is described.</summary>
    public static Version Described { get; } = new(1, 29);

    /// <summary>The first version in which the ops of <see cref="StagesAddresses"/> are safe (microsoft/onnxruntime pull request 32121, merged after 1.29.0).</summary>
    public static Version StagingFixed { get; } = new(1, 30);

    /// <summary>Why control flow cannot be captured.</summary>
    public const string ControlFlowReason = "control flow takes its decisions on the CPU, which a graph cannot repeat";

    /// <summary>Why the size of a result may not depend on data.</summary>
    public const string DataSizedReason = "the size of its result depends on the data, so it waits for the GPU, which a capture does not allow";

    private static readonly HashSet<string> s_controlFlow = ["If", "Loop", "Scan", "SequenceMap"];

    // They copy arrays of addresses from pinned host memory that ONNX Runtime hands out again while the graph still reads it.
    private static readonly HashSet<string> s_staged = ["Concat", "Split", "SplitToSequence", "GatherND", "ScatterND", "NonMaxSuppression", "RNN", "GRU", "LSTM"];

    private static readonly HashSet<string> s_dataSized = ["NonZero", "Compress", "Unique", "NonMaxSuppression", "StringSplit"];

    // Standard ops without a kernel in the CUDA provider, and without a function body that is made of ops that have one.
    private static readonly HashSet<string> s_cpuOnly =
    [
        "Acos", "Acosh", "AffineGrid", "Asin", "Asinh", "Atan", "Atanh", "Bernoulli", "BitShift", "BlackmanWindow", "Col2Im", "ConcatFromSequence",
        "Cosh", "DFT", "Det", "GlobalLpPool", "HammingWindow", "HannWindow", "Hardmax", "LpNormalization", "LpPool", "MaxRoiPool", "MaxUnpool",
        "MelWeightMatrix", "Multinomial", "RegexFullMatch", "STFT", "Scatter", "Sinh", "StringConcat", "StringNormalizer", "StringSplit", "Tan", "TfIdfVectorizer",
        "Unique",
    ];

    private static readonly Dictionary<string, int[]> s_hostInputs = new()
    {
        ["Clip"] = [1, 2], ["ConstantOfShape"] = [0], ["CumSum"] = [1], ["Dropout"] = [1, 2], ["Expand"] = [1], ["NonMaxSuppression"] = [2, 3, 4], ["OneHot"] = [1],
        ["Pad"] = [1, 2, 3], ["Range"] = [0, 1, 2], ["Reshape"] = [1], ["Resize"] = [1, 2, 3], ["Slice"] = [1, 2, 3, 4], ["Split"] = [1], ["Squeeze"] = [1],
        ["Tile"] = [1], ["TopK"] = [1], ["Trilu"] = [1], ["Unsqueeze"] = [1], ["Upsample"] = [1],
    };

    /// <summary>Whether the op holds subgraphs that run or not by a decision of the CPU.</summary>
    public static bool IsControlFlow(string op) => s_controlFlow.Contains(op);

    /// <summary>Whether the op's replay reads addresses from staging memory that any other run may reuse.</summary>
    public static bool StagesAddresses(string op) => s_staged.Contains(op);

    /// <summary>Whether the size of the op's result is known only after it has run.</summary>
    public static bool IsDataSized(string op) => s_dataSized.Contains(op);

    /// <summary>Whether the CUDA provider has no kernel for the op, so that it runs on the CPU.</summary>
    public static bool IsCpuOnly(string op) => s_cpuOnly.Contains(op);

    /// <summary>Whether the op's CUDA kernel reads this input on the host: a shape, axes, a count.</summary>
    public static bool ReadsOnHost(string op, int input) =>
        (op.StartsWith("Reduce", StringComparison.Ordinal) && input == 1) || (s_hostInputs.TryGetValue(op, out int[]? inputs) && inputs.Contains(input));

    /// <summary>
    /// Whether a MatMul of these batch axes (all but the last two) multiplies through arrays of addresses. Equal products of the batch
    /// axes and a single matrix on the right are strided instead.
    /// </summary>
    public static bool IsBroadcastMatMul(IReadOnlyList<long> leftBatch, IReadOnlyList<long> rightBatch)
    {
        long left = leftBatch.Aggregate(1L, (n, d) => n * d), right = rightBatch.Aggregate(1L, (n, d) => n * d);
        return rightBatch.Count > 0 && left != right;
    }

    /// <summary>The sentence for an op of <see cref="StagesAddresses"/>, or for a broadcast MatMul.</summary>
    public static string StagedReason(string version) => $"ONNX Runtime {version} replays this op with stale addresses once another run has reused its staging memory";
}
