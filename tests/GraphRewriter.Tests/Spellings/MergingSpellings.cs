using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Spellings;

/// <summary>Products of the same rows that become one, and what takes them.</summary>
public static class MergingSpellings
{
    public const int Width = 16, Tokens = 3, Heads = 4, Head = 8;

    public static IReadOnlyList<Spelling> All { get; } =
    [
        new("gate and up", () => Gated((g, x, name) => Product(g, x, name, 6)), Gate("matmul_0.merged = MatMul(x, matmul_0.merged.weight)", "matmul_0")),
        new("gate and up with biases", () => Gated((g, x, name) => Biased(g, x, name, 6)), Gate("add_0.merged = com.flashrt::Gemm(x, add_0.merged.weight, add_0.merged.bias)", "add_0")),
        new("gate and up, one with a bias", () => Gated((g, x, name) => name == "up" ? Biased(g, x, name, 6) : Product(g, x, name, 6)), Gate("matmul_0.merged = com.flashrt::Gemm(x, matmul_0.merged.weight, matmul_0.merged.bias)", "matmul_0")),
        new("gate and up as Gemm", () => Gated((g, x, name) => g.Op("Gemm", x, Weight(g, name, Width, 6)), rows: true), Gate("gemm_0.merged = Gemm(x, gemm_0.merged.weight)", "gemm_0", rows: true)),
        new("gate and up as Gemm of transposed weights", () => Gated((g, x, name) => g.Node("Gemm", [x, Weight(g, name, 6, Width)], [("transB", 1)])[0], rows: true),
            Gate("gemm_0.merged = Gemm(x, gemm_0.merged.weight) {transB=1}", "gemm_0", rows: true)),
        new("gate and up as Gemm with biases", () => Gated((g, x, name) => g.Node("Gemm", [x, Weight(g, name, 6, Width), Bias(g, name, 6)], [("transB", 1)])[0], rows: true),
            Gate("gemm_0.merged = com.flashrt::Gemm(x, gemm_0.merged.weight, gemm_0.merged.bias) {transB=1}", "gemm_0", rows: true)),
        new("gate and up, large weights through Transpose", () => Gated((g, x, name) => g.Op("MatMul", x, g.Node("Transpose", [Weight(g, name, Large, Width)], [("perm", new[] { 1, 0 })])[0]), columns: Large), $$"""
            in  x: float32[2,3,16]
            matmul_0.merged.weight.transposed = Transpose(matmul_0.merged.weight) {perm=[1,0]}
            matmul_0.merged = MatMul(x, matmul_0.merged.weight.transposed)
            y = com.flashrt::GatedActivation(matmul_0.merged) {activation=silu}
            out y: float32[2,3,{{Large}}]
            """),
        new("gate and up, large weights through Transpose, one with a bias", () => Gated((g, x, name) =>
        {
            var product = g.Op("MatMul", x, g.Node("Transpose", [Weight(g, name, Large, Width)], [("perm", new[] { 1, 0 })])[0]);
            return name == "gate" ? g.Op("Add", product, Bias(g, name, Large)) : product;
        }, columns: Large), $$"""
            in  x: float32[2,3,16]
            add_0.merged = com.flashrt::Gemm(x, add_0.merged.weight, add_0.merged.bias) {transB=1}
            y = com.flashrt::GatedActivation(add_0.merged) {activation=silu}
            out y: float32[2,3,{{Large}}]
            """),
        new("gate and up as Gemm of weights transposed twice", () => Gated((g, x, name) => g.Node("Gemm",
            [x, g.Node("Transpose", [Weight(g, name, Width, Large)], [("perm", new[] { 1, 0 })])[0]], [("transB", 1)])[0], rows: true, columns: Large), $$"""
            in  x: float32[3,16]
            gemm_0.merged.weight.transposed = Transpose(gemm_0.merged.weight) {perm=[1,0]}
            gemm_0.merged = Gemm(x, gemm_0.merged.weight.transposed) {transB=1}
            y = com.flashrt::GatedActivation(gemm_0.merged) {activation=silu}
            out y: float32[3,{{Large}}]
            """),
        new("gate and up merged already", () => Gated((g, x, name) => name == "gate" ? g.Node("Split", [Product(g, x, "w", 12)], [("axis", -1), ("num_outputs", 2)], ["a", "b"])[0] : "b"), """
            in  x: float32[2,3,16]
            matmul_0 = MatMul(x, w)
            y = com.flashrt::GatedActivation(matmul_0) {activation=silu}
            out y: float32[2,3,6]
            """),
        new("attention", () => Attending(Heads, (g, x, name, columns) => Product(g, x, name, columns)), Attention("MatMul", "matmul_0", "")),
        new("attention with biases", () => Attending(Heads, Biased), Attention("com.flashrt::Gemm", "add_0", "", bias: true)),
        new("attention without a bias of the keys", () => Attending(Heads, (g, x, name, columns) => name == "k" ? Product(g, x, name, columns) : Biased(g, x, name, columns)),
            Attention("com.flashrt::Gemm", "add_0", "", bias: true)),
        new("grouped attention with a mask", () => Attending(2, Biased, mask: true), Attention("com.flashrt::Gemm", "add_0", ", _, _, m", keys: 2, bias: true, mask: true)),
        new("causal attention with one key head", () => Attending(1, Product, causal: true), Attention("MatMul", "matmul_0", "", keys: 1, attributes: ", causal=1")),
        new("rotated heads", () => Rotating(Heads), Rotated("MatMul", "matmul_0", Heads)),
        new("rotated heads, grouped", () => Rotating(2), Rotated("MatMul", "matmul_0", 2)),
        new("rotated heads, grouped, with biases", () => Rotating(2, product: Biased), Rotated("com.flashrt::Gemm", "add_0", 2, bias: true)),
        new("rotated neighbours, one key head", () => Rotating(1, interleaved: true), Rotated("MatMul", "matmul_0", 1, style: "interleaved", q: "q_turned.stack.flat", k: "k_turned.stack.flat")),
        new("heads rotated in part", () => Rotating(2, rotary: 4), Rotated("MatMul", "matmul_0", 2, more: ", rotary_dim=4", q: "q_turned.head", k: "k_turned.head")),
        new("normal heads, rotated", () => Rotating(2, norms: "qk"), Rotated("MatMul", "matmul_0", 2, norms: ", q_norm, k_norm", more: ", epsilon=0.00001", q: "q_turned", k: "k_turned")),
        new("normal queries, rotated", () => Rotating(2, norms: "q"), Rotated("MatMul", "matmul_0", 2, norms: ", q_norm", more: ", epsilon=0.00001", q: "transpose_1")),
        new("normal keys, rotated", () => Rotating(2, norms: "k"), Rotated("MatMul", "matmul_0", 2, norms: ", _, k_norm", more: ", epsilon=0.00001", k: "transpose_1")),
        new("rotated heads of rows that are merged already", () => Rotating(2, cut: true), $$"""
            in  x: float32[2,3,16]
            in  cos: float32[2,3,4]
            in  sin: float32[2,3,4]
            matmul_0 = MatMul(x, w)
            {{Rotation("matmul_0", 2, "", "rotate_half", "", "c")}}
            out y: float32[2,3,32]
            """),
        new("a step with a cache", () => Step(2), """
            in  x: float32[1,1,16]
            in  cos: float32[1,1,4]
            in  sin: float32[1,1,4]
            in  past_k: float32[1,2,5,8]
            in  past_v: float32[1,2,5,8]
            matmul_0.merged = MatMul(x, matmul_0.merged.weight)
            q_turned.rows, k_turned.rows, matmul_2 = com.flashrt::QkvSplitRope(matmul_0.merged, cos, sin) {q_dim=32, k_dim=16, v_dim=16, head_dim=8, style=rotate_half}
            v_heads = Reshape(matmul_2, v_heads.shape.1)
            present_v = Concat(past_v, v_heads) {axis=2}
            k_turned = Reshape(k_turned.rows, merged.shape[0,2,1,8])
            present_k = Concat(past_k, k_turned) {axis=2}
            y = com.flashrt::Attention(q_turned.rows, present_k, present_v) {num_heads=4, num_kv_heads=2, scale=0.353553, layout=BNSH}
            out y: float32[1,1,32]
            out present_k: float32[1,2,6,8]
            out present_v: float32[1,2,6,8]
            """),
    ];

    private const int Large = 5000;

    /// <summary>silu(gate) · up, where <paramref name="part"/> computes either from x.</summary>
    public static OnnxModel Gated(Func<GraphBuilder, string, string, string> part, bool rows = false, int columns = 6)
    {
        var g = new GraphBuilder(20);
        var x = rows ? g.Input("x", Float, Tokens, Width) : g.Input("x", Float, 2, Tokens, Width);
        var (gate, up) = (part(g, x, "gate"), part(g, x, "up"));
        g.Node("Mul", [g.Op("Mul", gate, g.Op("Sigmoid", gate)), up], outputs: ["y"]);
        if (rows) g.Output("y", Float, Tokens, columns);
        else g.Output("y", Float, 2, Tokens, columns);
        return g.Build();
    }

    /// <summary>Attention over rows that <paramref name="part"/> computes from x by name and number of columns.</summary>
    public static OnnxModel Attending(int keys, Func<GraphBuilder, string, string, int, string> part, bool causal = false, bool mask = false)
    {
        var g = new GraphBuilder(23);
        var x = g.Input("x", Float, 2, Tokens, Width);
        List<string> inputs = [part(g, x, "q", Heads * Head), part(g, x, "k", keys * Head), part(g, x, "v", keys * Head)];
        if (mask) inputs.Add(g.Input("m", Float, Tokens, Tokens));
        g.Node("Attention", inputs, Attributes(keys, causal), ["y"]);
        g.Output("y", Float, 2, Tokens, Heads * Head);
        return g.Build();
    }

    /// <summary>
    /// Attention whose queries and keys are rotated, after a norm of each head, or of all at once, where <paramref name="norms"/> names them.
    /// </summary>
    public static OnnxModel Rotating(int keys, Func<GraphBuilder, string, string, int, string>? product = null, string norms = "", bool interleaved = false, int rotary = Head, bool cut = false,
        string keyTables = "", bool wide = false, string turned = "qk")
    {
        var g = new GraphBuilder(23);
        var x = g.Input("x", Float, 2, Tokens, Width);
        string[] Tables(string suffix) => [g.Input($"cos{suffix}", Float, 2, Tokens, rotary / 2), g.Input($"sin{suffix}", Float, 2, Tokens, rotary / 2)];
        var tables = Tables("");
        int[] columns = [Heads * Head, keys * Head, keys * Head];
        string[] parts = cut ? [.. g.Node("Split", [Product(g, x, "w", columns.Sum()), g.Integers("sizes", [.. columns.Select(c => (long)c)])], [("axis", -1)], ["a", "b", "c"])]
            : [.. "qkv".Select((name, i) => (product ?? Product)(g, x, name.ToString(), columns[i]))];
        foreach (var (i, name) in new[] { "q", "k" }.Index())
        {
            if (norms.Contains(name)) parts[i] = wide ? Normal(g, parts[i], name, columns[i]) : Normal(g, g.Op("Reshape", parts[i], g.Integers($"{name}_heads", 0, 0, columns[i] / Head, Head)), name, Head);
            if (turned.Contains(name)) parts[i] = Turned(g, parts[i], i == 1 && keyTables.Length > 0 ? Tables(keyTables) : tables, name, columns[i] / Head, interleaved, rotary);
        }
        g.Node("Attention", parts, Attributes(keys, false), ["y"]);
        g.Output("y", Float, 2, Tokens, Heads * Head);
        return g.Build();
    }

    /// <summary>One token whose keys and values are put behind those before; <paramref name="tokens"/> more than one is a prompt with a cache.</summary>
    public static OnnxModel Step(int keys, int tokens = 1)
    {
        var g = new GraphBuilder(23);
        var x = g.Input("x", Float, 1, tokens, Width);
        string[] tables = [g.Input("cos", Float, 1, tokens, Head / 2), g.Input("sin", Float, 1, tokens, Head / 2)];
        string[] past = [g.Input("past_k", Float, 1, keys, 5, Head), g.Input("past_v", Float, 1, keys, 5, Head)];
        string[] parts = [.. new[] { "q", "k", "v" }.Select(n => Product(g, x, n, (n == "q" ? Heads : keys) * Head))];
        string Split(string rows, string name, int heads) => g.Node("Transpose",
            [g.Op("Reshape", rows, g.Integers($"{name}_shape", 1, tokens, heads, Head))], [("perm", new[] { 0, 2, 1, 3 })], [$"{name}_heads"])[0];
        var q = g.Node("RotaryEmbedding", [Split(parts[0], "q", Heads), .. tables], outputs: ["q_turned"])[0];
        var k = g.Node("RotaryEmbedding", [Split(parts[1], "k", keys), .. tables], outputs: ["k_turned"])[0];
        var presentK = g.Node("Concat", [past[0], k], [("axis", 2)], ["present_k"])[0];
        var presentV = g.Node("Concat", [past[1], Split(parts[2], "v", keys)], [("axis", 2)], ["present_v"])[0];
        var o = g.Op("Attention", q, presentK, presentV);
        g.Node("Reshape", [g.Node("Transpose", [o], [("perm", new[] { 0, 2, 1, 3 })])[0], g.Integers("join", 1, tokens, Heads * Head)], outputs: ["y"]);
        g.Output("y", Float, 1, tokens, Heads * Head);
        g.Output("present_k", Float, 1, keys, 5 + tokens, Head);
        g.Output("present_v", Float, 1, keys, 5 + tokens, Head);
        return g.Build();
    }

    /// <summary>Two heads of keys, each twice and then rotated.</summary>
    public static OnnxModel Repeated()
    {
        var g = new GraphBuilder(23);
        var x = g.Input("x", Float, 2, Tokens, Width);
        string[] tables = [g.Input("cos", Float, 2, Tokens, Head / 2), g.Input("sin", Float, 2, Tokens, Head / 2)];
        string Split(string rows, int heads) => g.Node("Transpose", [g.Op("Reshape", rows, g.Integers($"{rows}_heads", 2, Tokens, heads, Head))], [("perm", new[] { 0, 2, 1, 3 })])[0];
        string Twice(string heads) => g.Op("Reshape", g.Op("Expand", g.Op("Unsqueeze", heads, g.Integers($"{heads}_axis", 2)), g.Integers($"{heads}_twice", 2, 2, 2, Tokens, Head)), g.Integers($"{heads}_all", 2, Heads, Tokens, Head));
        string Turn(string heads) => g.Op("RotaryEmbedding", [heads, .. tables]);
        var q = Turn(Split(Product(g, x, "q", Heads * Head), Heads));
        var k = Turn(Twice(Split(Product(g, x, "k", 2 * Head), 2)));
        var v = Split(Product(g, x, "v", Heads * Head), Heads);
        g.Node("Attention", [q, k, v], outputs: ["y"]);
        g.Output("y", Float, 2, Heads, Tokens, Head);
        return g.Build();
    }

    public static string Product(GraphBuilder g, string x, string name, int columns) => g.Op("MatMul", x, Weight(g, name, Width, columns));

    public static string Biased(GraphBuilder g, string x, string name, int columns) => g.Op("Add", Product(g, x, name, columns), Bias(g, name, columns));

    /// <summary>Numbers that differ from weight to weight, and from place to place.</summary>
    public static string Weight(GraphBuilder g, string name, int rows, int columns, DataType type = Float)
    {
        var seed = name.Sum(c => c);
        return g.Initializer(name, type, [rows, columns], [.. Enumerable.Range(0, rows * columns).Select(i => Math.Sin(i * 0.7 + seed) / 4)]);
    }

    public static string Bias(GraphBuilder g, string name, int columns) => g.Initializer($"{name}_bias", Float, [columns], NormSpellings.Ramp(columns, -0.5, 0.125));

    private static string Normal(GraphBuilder g, string x, string name, int size) =>
        g.Node("RMSNormalization", [x, g.Initializer($"{name}_norm", Float, [size], NormSpellings.Ramp(size, 0.5))], [("axis", -1)], [$"{name}_normal{(size == Head ? "_heads" : "")}"])[0];

    private static string Turned(GraphBuilder g, string x, string[] tables, string name, int heads, bool interleaved, int rotary)
    {
        var isSplit = x.EndsWith("_heads", StringComparison.Ordinal);
        if (isSplit) x = g.Node("Transpose", [x], [("perm", new[] { 0, 2, 1, 3 })])[0];
        List<(string, object)> attributes = [("interleaved", interleaved ? 1 : 0)];
        if (!isSplit) attributes.Add(("num_heads", heads));
        if (rotary < Head) attributes.Add(("rotary_embedding_dim", rotary));
        var y = g.Node("RotaryEmbedding", [x, .. tables], attributes, [$"{name}_turned"])[0];
        return isSplit ? g.Op("Reshape", g.Node("Transpose", [y], [("perm", new[] { 0, 2, 1, 3 })])[0], g.Integers($"{name}_join", 0, 0, heads * Head)) : y;
    }

    private static (string, object)[] Attributes(int keys, bool causal) => [("q_num_heads", Heads), ("kv_num_heads", keys), ("is_causal", causal ? 1 : 0)];

    private static string Gate(string product, string merged, bool rows = false) => $$"""
        in  x: float32[{{(rows ? "" : "2,")}}3,16]
        {{product}}
        y = com.flashrt::GatedActivation({{merged}}.merged) {activation=silu}
        out y: float32[{{(rows ? "" : "2,")}}3,6]
        """;

    private static string Attention(string op, string merged, string more, int keys = Heads, bool bias = false, bool mask = false, string attributes = "") => $$"""
        in  x: float32[2,3,16]{{(mask ? "\nin  m: float32[3,3]" : "")}}
        {{merged}}.merged = {{op}}(x, {{merged}}.merged.weight{{(bias ? $", {merged}.merged.bias" : "")}})
        y = com.flashrt::Attention({{merged}}.merged{{more}}) {num_heads=4, num_kv_heads={{keys}}, scale=0.353553{{attributes}}}
        out y: float32[2,3,32]
        """;

    private static string Rotated(string op, string merged, int keys, string norms = "", string style = "rotate_half", string more = "", bool bias = false, string q = "q_turned.halves", string k = "k_turned.halves") => $$"""
        in  x: float32[2,3,16]
        in  cos: float32[2,3,{{(more.Contains("rotary") ? 2 : 4)}}]
        in  sin: float32[2,3,{{(more.Contains("rotary") ? 2 : 4)}}]
        {{merged}}.merged = {{op}}(x, {{merged}}.merged.weight{{(bias ? $", {merged}.merged.bias" : "")}})
        {{Rotation($"{merged}.merged", keys, norms, style, more, merged.Replace("0", "2"), q, k)}}
        out y: float32[2,3,32]
        """;

    private static string Rotation(string merged, int keys, string norms, string style, string more, string v, string q = "q_turned.halves", string k = "k_turned.halves") => $$"""
        {{q}}.rows, {{k}}.rows, {{v}} = com.flashrt::QkvSplitRope({{merged}}, cos, sin{{norms}}) {q_dim=32, k_dim={{8 * keys}}, v_dim={{8 * keys}}, head_dim=8, style={{style}}{{more}}}
        y = com.flashrt::Attention({{q}}.rows, {{k}}.rows, {{v}}) {num_heads=4, num_kv_heads={{keys}}, scale=0.353553}
        """;
}
