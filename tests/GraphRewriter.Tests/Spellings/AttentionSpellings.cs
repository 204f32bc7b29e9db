using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Spellings;

/// <summary>Attention as exporters and hand-written code spell it: 2 batch entries, 4 heads of 8, 6 tokens unless a spelling says otherwise.</summary>
public static class AttentionSpellings
{
    public const int Batch = 2, Tokens = 6, Heads = 4, Size = 8;

    private static readonly double Root = Math.Sqrt(Size);

    public static IReadOnlyList<Spelling> All { get; } =
    [
        new("attention, dynamo: both sides scaled, keys turned as a batch of matrices", () => Plain((g, q, k) =>
        {
            var turned = g.Op("Reshape", Transpose(g, g.Op("Reshape", k, g.Integers("flat", Batch * Heads, Tokens, Size)), 0, 2, 1), g.Integers("back", Batch, Heads, Size, Tokens));
            return g.Op("MatMul", g.Op("Mul", q, g.Scalar("root", Float, Math.Sqrt(1 / Root))), g.Op("Mul", turned, g.Scalar("root2", Float, Math.Sqrt(1 / Root))));
        }), Golden("")),
        new("attention, eager: scores divided", () => Plain((g, q, k) => g.Op("Div", Scores(g, q, k), g.Scalar("root", Float, Root))), Golden("")),
        new("attention, eager: scores multiplied", () => Plain((g, q, k) => g.Op("Mul", g.Scalar("s", Float, 1 / Root), Scores(g, q, k))), Golden("")),
        new("attention, queries divided", () => Plain((g, q, k) => Scores(g, g.Op("Div", q, g.Scalar("root", Float, Root)), k)), Golden("")),
        new("attention, NaN guard", () => Plain(Scaled, guard: true), Golden("")),
        new("attention, Einsum", () => Einsum("bqhd,bkhd->bhqk", "bhqk,bkhd->bqhd"), Golden("")),
        new("attention, batches of heads merged (bmm)", () => Merged(), Golden("")),
        new("attention, time-major as torch.nn.MultiheadAttention has it", () => TimeMajor(rows: false), TimeMajorGolden("", "float32[2,6,32]")),
        new("attention, time-major, rows in the result", () => TimeMajor(rows: true), TimeMajorGolden(", output_layout=rows", "float32[12,32]")),
        new("attention, time-major throughout", TimeMajorThroughout, """
            in  x: float32[6,2,32]
            q = MatMul(x, wq)
            reshape_0 = Reshape(q, q_split)
            transpose_0 = Transpose(reshape_0) {perm=[1,0,2]}
            reshape_1 = Reshape(transpose_0, q_heads)
            k = MatMul(x, wk)
            reshape_2 = Reshape(k, k_split)
            reshape_3.tokens = Transpose(reshape_2) {perm=[1,0,2]}
            reshape_3.heads = Reshape(reshape_3.tokens, reshape_3.heads.shape)
            v = MatMul(x, wv)
            reshape_4 = Reshape(v, v_split)
            transpose_2 = Transpose(reshape_4) {perm=[1,0,2]}
            reshape_5 = Reshape(transpose_2, v_heads)
            matmul_4 = com.flashrt::Attention(reshape_1, reshape_3.heads, reshape_5) {num_heads=4, num_kv_heads=4, scale=0.353553, layout=BNSH}
            transpose_3 = Transpose(matmul_4) {perm=[2,0,1,3]}
            y = Reshape(transpose_3, join)
            out y: float32[6,2,32]
            """),
        new("attention, softcap", () => Plain((g, q, k) => g.Op("Mul", g.Op("Tanh", g.Op("Div", Scaled(g, q, k), g.Scalar("cap", Float, 30))), g.Scalar("cap2", Float, 30))), Golden("", ", softcap=30")),
        new("attention, additive mask as input", () => Plain((g, q, k) => g.Op("Add", Scaled(g, q, k), g.Input("m", Float, Batch, 1, Tokens, Tokens))), Golden(", m", ", empty_row=nan", "float32[2,1,6,6]")),
        new("attention, condition as input, guarded", () => Plain((g, q, k) => g.Op("Where", g.Input("m", Bool, Batch, 1, 1, Tokens), Scaled(g, q, k), g.Scalar("low", Float, double.NegativeInfinity)), guard: true),
            Golden(", _, m", "", "bool[2,1,1,6]")),
        new("attention, condition as input, not guarded", () => Plain((g, q, k) => g.Op("Where", g.Input("m", Bool, Batch, 1, 1, Tokens), Scaled(g, q, k), g.Scalar("low", Float, double.NegativeInfinity))),
            Golden(", _, m", ", empty_row=nan", "bool[2,1,1,6]")),
        new("attention, inverted condition that hides", () => Plain((g, q, k) => g.Op("Where", g.Op("Not", g.Input("m", Bool, Batch, 1, 1, Tokens)), g.Scalar("low", Float, double.NegativeInfinity), Scaled(g, q, k)), guard: true),
            Golden(", _, m", "", "bool[2,1,1,6]")),
        new("attention, keys up to a length", () => Plain((g, q, k) => g.Op("Where", Before(g, "m", 0), Scaled(g, q, k), g.Scalar("low", Float, double.NegativeInfinity))), Golden(", _, _, m", ", empty_row=nan", "int64[2]")),
        new("attention, keys up to a length, counted from one", () => Plain((g, q, k) => g.Op("Where", Before(g, "m", 1), Scaled(g, q, k), g.Scalar("low", Float, double.NegativeInfinity))), MaskedGolden("")),
        new("attention, keys up to a length, causal from the first", () => Plain((g, q, k) => g.Op("Where", Before(g, "m", 0), g.Op("Add", Scaled(g, q, k), Mask(g, (i, j) => j <= i)), g.Scalar("low", Float, double.NegativeInfinity))), MaskedGolden(", causal=1")),
        new("attention, causal by addition", () => Plain((g, q, k) => g.Op("Add", Scaled(g, q, k), Mask(g, (i, j) => j <= i))), Golden("", ", causal=1")),
        new("attention, causal by selection", () => Plain((g, q, k) => g.Op("Where", Condition(g, (i, j) => j <= i), Scaled(g, q, k), g.Scalar("low", Float, -3.4028235e38))), Golden("", ", causal=1")),
        new("attention, sliding window", () => Plain((g, q, k) => g.Op("Add", Scaled(g, q, k), Mask(g, (i, j) => j <= i && j > i - 3))), Golden("", ", causal=1, window=2")),
        new("attention, causal and window as two masks", () => Plain((g, q, k) => g.Op("Add", g.Op("Where", Condition(g, (i, j) => j > i - 3), Scaled(g, q, k), g.Scalar("low", Float, -1e30)), Mask(g, (i, j) => j <= i))), Golden("", ", causal=1, window=2")),
        new("attention, causal mask too large to copy", () => Large(), """
            in  q: float32[1,2,200,8]
            in  k: float32[1,2,200,8]
            in  v: float32[1,2,200,8]
            y = com.flashrt::Attention(q, k, v) {num_heads=2, num_kv_heads=2, scale=1, causal=1, window=9, layout=BNSH}
            out y: float32[1,2,200,8]
            """),
        new("attention, mask that hides nothing", () => Plain((g, q, k) => g.Op("Add", Scaled(g, q, k), Mask(g, (_, _) => true))), Golden("")),
        new("attention, block mask stays a tensor", () => Plain((g, q, k) => g.Op("Add", Scaled(g, q, k), Mask(g, (i, j) => j < 3 || j <= i))), Golden(", _, mask.visible")),
        new("attention, relative bias", () => Plain((g, q, k) => g.Op("Add", Scaled(g, q, k), g.Initializer("bias", Float, [1, Heads, Tokens, Tokens], [.. Enumerable.Range(0, Heads * Tokens * Tokens).Select(i => i % 7 - 3.0)]))),
            Golden(", bias", ", empty_row=nan")),
        new("attention, float32 softmax between casts", () => Half(), Golden("").Replace("float32", "float16").Replace("0.353553", "0.353516")),
        new("attention, keys and values repeated by Expand", () => Grouped("Expand"), Golden("", kvHeads: 2)),
        new("attention, keys and values repeated by Tile", () => Grouped("Tile"), Golden("", kvHeads: 2)),
        new("attention, one key head broadcast by the product", () => Grouped("broadcast"), Golden("", kvHeads: 1)),
        new("attention, packed projection split", () => Packed(split: true), PackedGolden),
        new("attention, packed projection gathered", () => Packed(split: false), PackedGolden),
        new("attention, sink column", () => Sink(), """
            in  q: float32[2,6,32]
            in  k: float32[2,6,32]
            in  v: float32[2,6,32]
            y = com.flashrt::Attention(q, k, v, _, _, _, _, expand_0.sink) {num_heads=4, num_kv_heads=4, scale=0.353553}
            out y: float32[2,6,32]
            """),
        new("attention, past and present", () => Decode(), """
            in  q: float32[2,1,32]
            in  k: float32[2,1,32]
            in  v: float32[2,1,32]
            in  past_k: float32[2,4,5,8]
            in  past_v: float32[2,4,5,8]
            k_heads = Reshape(k, k_heads.shape)
            v_heads = Reshape(v, v_heads.shape)
            present_k = Concat(past_k, k_heads) {axis=2}
            present_v = Concat(past_v, v_heads) {axis=2}
            y = com.flashrt::Attention(q, present_k, present_v) {num_heads=4, num_kv_heads=4, scale=0.353553, layout=BNSH}
            out y: float32[2,1,32]
            out present_k: float32[2,4,6,8]
            out present_v: float32[2,4,6,8]
            """),
        new("attention, operator of opset 23", () => Operator(), """
            in  q: float32[2,6,32]
            in  k: float32[2,6,16]
            in  v: float32[2,6,16]
            y = com.flashrt::Attention(q, k, v) {num_heads=4, num_kv_heads=2, scale=0.353553, causal=1}
            out y: float32[2,6,32]
            """),
        new("attention, MultiHeadAttention of com.microsoft with bias and padding mask", () => MultiHead(), """
            in  q: float32[2,6,32]
            in  k: float32[2,6,32]
            in  v: float32[2,6,32]
            in  padding: int32[2,6]
            y.padding = Unsqueeze(padding, y.padding.axes)
            y.visible = Cast(y.padding) {to=9}
            y.row = Where(y.visible, 0, -10000)
            y.biased0 = Add(q, y.bias0)
            y.biased1 = Add(k, y.bias1)
            y.biased2 = Add(v, y.bias2)
            y = com.flashrt::Attention(y.biased0, y.biased1, y.biased2, y.row) {num_heads=4, num_kv_heads=4, scale=0.353553}
            out y: float32[2,6,32]
            """),
        new("attention, Attention of com.microsoft", () => Projected(), """
            in  w: float32[16,96]
            in  x: float32[2,6,16]
            y.qkv.product = MatMul(x, w)
            y.qkv = Add(y.qkv.product, b)
            y = com.flashrt::Attention(y.qkv) {num_heads=4, num_kv_heads=4, scale=0.353553}
            out y: float32[2,6,32]
            """),
    ];

    private const string PackedGolden = """
        in  qkv: float32[2,6,96]
        y = com.flashrt::Attention(qkv) {num_heads=4, num_kv_heads=4, scale=0.353553}
        out y: float32[2,6,32]
        """;

    public static string Scores(GraphBuilder g, string q, string k) => g.Op("MatMul", q, Transpose(g, k, 0, 1, 3, 2));

    public static string Scaled(GraphBuilder g, string q, string k) => g.Op("Mul", Scores(g, q, k), g.Scalar("scale", Float, 1 / Root));

    /// <summary>Softmax and values around the given scores; <paramref name="after"/> may change the probabilities.</summary>
    public static OnnxModel Plain(Func<GraphBuilder, string, string, string> scores, bool guard = false, int axis = -1, Func<GraphBuilder, string, string>? after = null)
    {
        var g = new GraphBuilder();
        var (q, k, v) = (Split(g, "q"), Split(g, "k"), Split(g, "v"));
        var p = g.Node("Softmax", [scores(g, q, k)], [("axis", axis)])[0];
        if (guard) p = g.Op("Where", g.Op("IsNaN", p), g.Scalar("zero", Float, 0), p);
        if (after is not null) p = after(g, p);
        return Join(g, g.Op("MatMul", p, v), Float);
    }

    public static string Transpose(GraphBuilder g, string x, params long[] perm) => g.Node("Transpose", [x], [("perm", perm)])[0];

    public static string Mask(GraphBuilder g, Func<int, int, bool> visible, double hidden = double.NegativeInfinity) =>
        g.Initializer("mask", Float, [1, 1, Tokens, Tokens], [.. Grid().Select(p => visible(p.I, p.J) ? 0 : hidden)]);

    public static string Condition(GraphBuilder g, Func<int, int, bool> visible) => g.Initializer("condition", Bool, [Tokens, Tokens], [.. Grid().Select(p => visible(p.I, p.J) ? 1.0 : 0)]);

    // [B, 1, 1, T]: which keys lie before a length.
    private static string Before(GraphBuilder g, string length, int first) =>
        g.Node("Less", [g.Initializer("places", DataType.Int64, [1, 1, 1, Tokens], [.. Enumerable.Range(first, Tokens).Select(i => (double)i)]), g.Op("Reshape", g.Input(length, DataType.Int64, Batch), g.Integers("column", -1, 1, 1, 1))], outputs: ["seen"])[0];

    private static string MaskedGolden(string attributes) => $$"""
        in  q: float32[2,6,32]
        in  k: float32[2,6,32]
        in  v: float32[2,6,32]
        in  m: int64[2]
        reshape_3 = Reshape(m, column)
        seen = Less(places, reshape_3)
        y = com.flashrt::Attention(q, k, v, _, seen) {num_heads=4, num_kv_heads=4, scale=0.353553{{attributes}}, empty_row=nan}
        out y: float32[2,6,32]
        """;

    private static IEnumerable<(int I, int J)> Grid() => Enumerable.Range(0, Tokens * Tokens).Select(n => (n / Tokens, n % Tokens));

    private static string Split(GraphBuilder g, string name, DataType type = Float, int heads = Heads) =>
        Transpose(g, g.Op("Reshape", g.Input(name, type, Batch, Tokens, heads * Size), g.Integers($"{name}_split", Batch, Tokens, heads, Size)), 0, 2, 1, 3);

    private static OnnxModel Join(GraphBuilder g, string heads, DataType type)
    {
        g.Node("Reshape", [Transpose(g, heads, 0, 2, 1, 3), g.Integers("join", Batch, Tokens, Heads * Size)], outputs: ["y"]);
        g.Output("y", type, Batch, Tokens, Heads * Size);
        return g.Build();
    }

    private static OnnxModel Einsum(string first, string second)
    {
        var g = new GraphBuilder();
        string In(string name) => g.Op("Reshape", g.Input(name, Float, Batch, Tokens, Heads * Size), g.Integers($"{name}_split", Batch, Tokens, Heads, Size));
        var (q, k, v) = (In("q"), In("k"), In("v"));
        var p = g.Op("Softmax", g.Op("Mul", g.Note(g.Node("Einsum", [q, k], [("equation", first)])[0], Float, Batch, Heads, Tokens, Tokens), g.Scalar("s", Float, 1 / Root)));
        var o = g.Note(g.Node("Einsum", [p, v], [("equation", second)])[0], Float, Batch, Tokens, Heads, Size);
        g.Node("Reshape", [o, g.Integers("join", Batch, Tokens, Heads * Size)], outputs: ["y"]);
        g.Output("y", Float, Batch, Tokens, Heads * Size);
        return g.Build();
    }

    private static OnnxModel Merged()
    {
        var g = new GraphBuilder();
        string In(string name) => g.Op("Reshape", Split(g, name), g.Integers($"{name}_merged", Batch * Heads, Tokens, Size));
        var (q, k, v) = (g.Op("Mul", In("q"), g.Scalar("s", Float, 1 / Root)), In("k"), In("v"));
        var p = g.Node("Softmax", [g.Op("MatMul", q, Transpose(g, k, 0, 2, 1))], [("axis", -1)])[0];
        return Join(g, g.Op("Reshape", g.Op("MatMul", p, v), g.Integers("apart", Batch, Heads, Tokens, Size)), Float);
    }

    // Tokens before batch entries, heads split off the batch; products with weights stand between the moves.
    private static OnnxModel TimeMajor(bool rows)
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Float, Batch, Tokens, Heads * Size);
        string In(string name)
        {
            var weight = g.Initializer($"w{name}", Float, [Heads * Size, Heads * Size], NormSpellings.Ramp(Heads * Size * Heads * Size, -0.2, 0.0004 * (name[0] - 'a')));
            var product = g.Node("MatMul", [Transpose(g, x, 1, 0, 2), weight], outputs: [name])[0];
            return Transpose(g, g.Op("Reshape", product, g.Integers($"{name}_split", Tokens, Batch * Heads, Size)), 1, 0, 2);
        }
        var (q, k, v) = (g.Op("Mul", In("q"), g.Scalar("s", Float, 1 / Root)), In("k"), In("v"));
        var p = g.Node("Softmax", [g.Op("MatMul", q, Transpose(g, k, 0, 2, 1))], [("axis", -1)])[0];
        var o = g.Op("Reshape", Transpose(g, g.Op("MatMul", p, v), 1, 0, 2), g.Integers("join", Tokens, Batch, Heads * Size));
        if (rows) g.Node("Reshape", [Transpose(g, o, 1, 0, 2), g.Integers("rows", Batch * Tokens, Heads * Size)], outputs: ["y"]);
        else g.Node("Transpose", [o], [("perm", new long[] { 1, 0, 2 })], ["y"]);
        g.Output("y", Float, rows ? [Batch * Tokens, Heads * Size] : [Batch, Tokens, Heads * Size]);
        return g.Build();
    }

    // torch.nn.MultiheadAttention over [S, B, E]: the keys never stand heads first.
    private static OnnxModel TimeMajorThroughout()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Float, Tokens, Batch, Heads * Size);
        string In(string name, bool keys = false)
        {
            var weight = g.Initializer($"w{name}", Float, [Heads * Size, Heads * Size], NormSpellings.Ramp(Heads * Size * Heads * Size, -0.2, 0.0004 * (name[0] - 'a')));
            var heads = g.Op("Reshape", g.Node("MatMul", [x, weight], outputs: [name])[0], g.Integers($"{name}_split", Tokens, Batch * Heads, Size));
            return keys ? g.Op("Reshape", Transpose(g, heads, 1, 2, 0), g.Integers($"{name}_heads", Batch, Heads, Size, Tokens))
                : g.Op("Reshape", Transpose(g, heads, 1, 0, 2), g.Integers($"{name}_heads", Batch, Heads, Tokens, Size));
        }
        var (q, k, v) = (g.Op("Mul", In("q"), g.Scalar("s", Float, 1 / Root)), In("k", keys: true), In("v"));
        var p = g.Node("Softmax", [g.Op("MatMul", q, k)], [("axis", -1)])[0];
        g.Node("Reshape", [Transpose(g, g.Op("MatMul", p, v), 2, 0, 1, 3), g.Integers("join", Tokens, Batch, Heads * Size)], outputs: ["y"]);
        g.Output("y", Float, Tokens, Batch, Heads * Size);
        return g.Build();
    }

    private static string TimeMajorGolden(string attributes, string y) => $$"""
        in  x: float32[2,6,32]
        q.rows = MatMul(x, wq)
        k.rows = MatMul(x, wk)
        v.rows = MatMul(x, wv)
        y = com.flashrt::Attention(q.rows, k.rows, v.rows) {num_heads=4, num_kv_heads=4, scale=0.353553{{attributes}}}
        out y: {{y}}
        """;

    private static OnnxModel Half()
    {
        var g = new GraphBuilder();
        var (q, k, v) = (Split(g, "q", Float16), Split(g, "k", Float16), Split(g, "v", Float16));
        var scores = g.Op("Mul", Scores(g, q, k), g.Scalar("s", Float16, 1 / Root));
        var p = g.Cast(g.Op("Softmax", g.Cast(scores, Float)), Float16);
        return Join(g, g.Op("MatMul", p, v), Float16);
    }

    private static OnnxModel Grouped(string how)
    {
        var g = new GraphBuilder();
        var own = how == "broadcast" ? 1 : 2;
        string Repeat(string x, string name) => how switch
        {
            "Expand" => g.Op("Reshape", g.Op("Expand", g.Op("Unsqueeze", x, g.Integers($"{name}_axis", 2)), g.Integers($"{name}_to", Batch, own, Heads / own, Tokens, Size)), g.Integers($"{name}_all", Batch, Heads, Tokens, Size)),
            "Tile" => g.Op("Reshape", g.Op("Tile", g.Op("Unsqueeze", x, g.Integers($"{name}_axis", 2)), g.Integers($"{name}_to", 1, 1, Heads / own, 1, 1)), g.Integers($"{name}_all", Batch, Heads, Tokens, Size)),
            _ => x,
        };
        var (q, k, v) = (Split(g, "q"), Repeat(Split(g, "k", heads: own), "k"), Repeat(Split(g, "v", heads: own), "v"));
        return Join(g, g.Op("MatMul", g.Op("Softmax", Scaled(g, q, k)), v), Float);
    }

    private static OnnxModel Packed(bool split)
    {
        var g = new GraphBuilder();
        var all = Transpose(g, g.Op("Reshape", g.Input("qkv", Float, Batch, Tokens, 3 * Heads * Size), g.Integers("apart", Batch, Tokens, 3, Heads, Size)), 2, 0, 3, 1, 4);
        string[] parts = split
            ? [.. g.Node("Split", [all], [("axis", 0), ("num_outputs", 3)], ["a", "b", "c"]).Select((p, i) => g.Op("Squeeze", p, g.Integers($"first_{i}", 0)))]
            : [.. Enumerable.Range(0, 3).Select(i => g.Op("Gather", all, g.Scalar($"index_{i}", DataType.Int64, i)))];
        return Join(g, g.Op("MatMul", g.Op("Softmax", Scaled(g, parts[0], parts[1])), parts[2]), Float);
    }

    private static OnnxModel Sink()
    {
        var g = new GraphBuilder();
        var (q, k, v) = (Split(g, "q"), Split(g, "k"), Split(g, "v"));
        var sink = g.Op("Expand", g.Initializer("sink", Float, [1, Heads, 1, 1], 0.5, -1, 2, 0), g.Integers("column", Batch, Heads, Tokens, 1));
        var all = g.Node("Concat", [Scaled(g, q, k), sink], [("axis", -1)])[0];
        var stable = g.Op("Sub", all, g.Node("ReduceMax", [all, g.Integers("last", -1)], [("keepdims", 1)])[0]);
        var p = g.Op("Slice", g.Op("Softmax", stable), g.Integers("zero", 0), g.Integers("minus", -1), g.Integers("axis", 3));
        return Join(g, g.Op("MatMul", p, v), Float);
    }

    private static OnnxModel Decode()
    {
        var g = new GraphBuilder();
        string In(string name) => g.Node("Reshape", [g.Input(name, Float, Batch, 1, Heads * Size), g.Integers($"{name}_heads.shape", Batch, Heads, 1, Size)], outputs: [$"{name}_heads"])[0];
        var (q, k, v) = (In("q"), In("k"), In("v"));
        string Present(string x, string name) => g.Node("Concat", [g.Input($"past_{name}", Float, Batch, Heads, 5, Size), x], [("axis", 2)], [$"present_{name}"])[0];
        var (pk, pv) = (Present(k, "k"), Present(v, "v"));
        var o = g.Op("MatMul", g.Op("Softmax", Scaled(g, q, pk)), pv);
        g.Node("Reshape", [Transpose(g, o, 0, 2, 1, 3), g.Integers("join", Batch, 1, Heads * Size)], outputs: ["y"]);
        g.Output("y", Float, Batch, 1, Heads * Size);
        g.Output("present_k", Float, Batch, Heads, 6, Size);
        g.Output("present_v", Float, Batch, Heads, 6, Size);
        return g.Build();
    }

    private static OnnxModel Operator()
    {
        var g = new GraphBuilder(23);
        string[] inputs = [g.Input("q", Float, Batch, Tokens, Heads * Size), g.Input("k", Float, Batch, Tokens, 2 * Size), g.Input("v", Float, Batch, Tokens, 2 * Size)];
        g.Node("Attention", inputs, [("q_num_heads", Heads), ("kv_num_heads", 2), ("is_causal", 1)], ["y"]);
        g.Output("y", Float, Batch, Tokens, Heads * Size);
        return g.Build();
    }

    private static OnnxModel Large()
    {
        const int length = 200;
        var g = new GraphBuilder();
        string[] heads = [.. new[] { "q", "k", "v" }.Select(n => g.Input(n, Float, 1, 2, length, Size))];
        var mask = g.Initializer("mask", Float, [length, length], [.. Enumerable.Range(0, length * length).Select(i => i % length <= i / length && i % length >= i / length - 9 ? 0 : double.NegativeInfinity)]);
        g.Node("MatMul", [g.Op("Softmax", g.Op("Add", Scores(g, heads[0], heads[1]), mask)), heads[2]], outputs: ["y"]);
        g.Output("y", Float, 1, 2, length, Size);
        return g.Build();
    }

    private static OnnxModel MultiHead()
    {
        var g = new GraphBuilder().Import("com.microsoft", 1);
        string[] inputs = [.. new[] { "q", "k", "v" }.Select(n => g.Input(n, Float, Batch, Tokens, Heads * Size)),
            g.Initializer("b", Float, [3 * Heads * Size], NormSpellings.Ramp(3 * Heads * Size, -1, 0.02)), g.Input("padding", DataType.Int32, Batch, Tokens)];
        g.Node("com.microsoft::MultiHeadAttention", inputs, [("num_heads", Heads)], ["y"]);
        g.Output("y", Float, Batch, Tokens, Heads * Size);
        return g.Build();
    }

    private static OnnxModel Projected()
    {
        var g = new GraphBuilder().Import("com.microsoft", 1);
        var weights = g.Input("w", Float, 16, 3 * Heads * Size);
        var bias = g.Initializer("b", Float, [3 * Heads * Size], NormSpellings.Ramp(3 * Heads * Size, -0.2, 0.005));
        g.Node("com.microsoft::Attention", [g.Input("x", Float, Batch, Tokens, 16), weights, bias], [("num_heads", Heads)], ["y"]);
        g.Output("y", Float, Batch, Tokens, Heads * Size);
        return g.Build();
    }

    private static string Golden(string more, string attributes = "", string? maskType = null, int kvHeads = Heads) => $$"""
        in  q: float32[2,6,32]
        in  k: float32[2,6,{{kvHeads * Size}}]
        in  v: float32[2,6,{{kvHeads * Size}}]
        {{(maskType is null ? "" : $"in  m: {maskType}\n")}}y = com.flashrt::Attention(q, k, v{{more}}) {num_heads=4, num_kv_heads={{kvHeads}}, scale=0.353553{{attributes}}}
        out y: float32[2,6,32]
        """;
}
