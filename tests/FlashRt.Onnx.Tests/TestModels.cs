using FlashRt.GraphRewriter.Ir.Protos;
using Google.Protobuf;

namespace FlashRt.Onnx.Tests;

/// <summary>Small models whose results can be worked out by hand.</summary>
internal static class TestModels
{
    internal static readonly FlashRtOptions Cpu = new() { Provider = FlashRtProvider.Cpu };

    /// <summary>y = 2x + 1.</summary>
    internal static byte[] Affine(params object[] dims)
    {
        var g = new GraphBuilder();
        string x = g.Input("x", DataType.Float, dims);
        Result(g, "Add", [g.Op("Mul", x, g.Scalar("two", DataType.Float, 2)), g.Scalar("one", DataType.Float, 1)], "y", DataType.Float, dims);
        return Bytes(g);
    }

    /// <summary>y = x, of any type.</summary>
    internal static byte[] Identity(DataType type, params object[] dims)
    {
        var g = new GraphBuilder(21);
        Result(g, "Identity", [g.Input("x", type, dims)], "y", type, dims);
        return Bytes(g);
    }

    /// <summary>y = x, x, 7: an output length that has a name of its own, so that only a run tells it.</summary>
    internal static byte[] UnnamedLength()
    {
        var g = new GraphBuilder();
        string x = g.Input("x", DataType.Float, "n");
        Result(g, "Concat", [x, x, g.Initializer("tail", DataType.Float, [1], 7)], "y", DataType.Float, ["length"], ("axis", 0L));
        return Bytes(g);
    }

    /// <summary>next = state + x, twice = 2 next: right when next is written over state.</summary>
    internal static byte[] Accumulate(DataType type = DataType.Float)
    {
        var g = new GraphBuilder();
        string next = Result(g, "Add", [g.Input("state", type, 4), g.Input("x", type, 4)], "next", type, [4]);
        Result(g, "Add", [next, next], "twice", type, [4]);
        return Bytes(g);
    }

    /// <summary>next = state + x, difference = state - next: wrong when next is written over state.</summary>
    internal static byte[] ReadsStateLate()
    {
        var g = new GraphBuilder();
        string state = g.Input("state", DataType.Float, 4);
        string next = Result(g, "Add", [state, g.Input("x", DataType.Float, 4)], "next", DataType.Float, [4]);
        Result(g, "Sub", [state, next], "difference", DataType.Float, [4]);
        return Bytes(g);
    }

    /// <summary>x_next = x + dt (t - x) as one denoising step.</summary>
    internal static byte[] Denoise(DataType type = DataType.Float)
    {
        var g = new GraphBuilder();
        string x = g.Input("x", type, 2, 3), t = g.Input("t", type, 1), dt = g.Input("dt", type);
        Result(g, "Add", [x, g.Op("Mul", dt, g.Op("Sub", t, x))], "x_next", type, [2, 3]);
        return Bytes(g);
    }

    /// <summary>A decoder whose cache holds a row (token, position) for each position, and whose logits are the sums of the rows: present is past with a row more.</summary>
    internal static byte[] ConcatDecoder(object past, object present)
    {
        var g = new GraphBuilder();
        string rows = Row(g);
        string cache = Result(g, "Concat", [g.Input("past_0", DataType.Float, 1, 1, past, 2), rows], "present_0", DataType.Float, [1, 1, present, 2], ("axis", 2L));
        Logits(g, cache);
        return Bytes(g);
    }

    /// <summary>The same with a cache of 6 positions in which a row is overwritten.</summary>
    internal static byte[] FixedDecoder()
    {
        var g = new GraphBuilder();
        string rows = Row(g);
        string here = g.Op("Equal", g.Op("Reshape", g.Integers("slots", 0, 1, 2, 3, 4, 5), g.Integers("slots_shape", 1, 1, 6, 1)), "position_ids");
        string cache = Result(g, "Where", [here, rows, g.Input("past_0", DataType.Float, 1, 1, 6, 2)], "present_0", DataType.Float, [1, 1, 6, 2]);
        Logits(g, cache);
        return Bytes(g);
    }

    /// <summary>A model with a branch, which no CUDA graph can hold: y = 2x if the sum of x is positive, else x.</summary>
    internal static byte[] Branch()
    {
        var g = new GraphBuilder();
        string x = g.Input("x", DataType.Float, 4);
        string positive = g.Op("Greater", g.Node("ReduceSum", [x], [("keepdims", 0L)])[0], g.Scalar("zero", DataType.Float, 0));
        g.Node("If", [positive], [("then_branch", Subgraph(b => b.Op("Add", x, x))), ("else_branch", Subgraph(b => b.Op("Identity", x)))], ["y"]);
        g.Output("y", DataType.Float, 4);
        return Bytes(g);
    }

    // A branch that reads the outer graph's x: built as a model with that input, which is then taken away.
    private static GraphProto Subgraph(Func<GraphBuilder, string> body)
    {
        var b = new GraphBuilder();
        b.Input("x", DataType.Float, 4);
        b.Output(body(b), DataType.Float, 4);
        GraphProto graph = b.Build().Proto.Graph;
        graph.Input.Clear();
        return graph;
    }

    /// <summary>An RmsNorm of com.flashrt.</summary>
    internal static byte[] RmsNorm(DataType type, int rows, int width)
    {
        var g = new GraphBuilder().Import(FlashRtLibrary.Domain, 1);
        g.Node("com.flashrt::RmsNorm", [g.Input("x", type, rows, width)], [("epsilon", 1e-6f)], ["y"]);
        g.Output("y", type, rows, width);
        return Bytes(g);
    }

    /// <summary>Path of a model in the repository's models folder.</summary>
    internal static string File(string name) => Repository.PathOf("models", name, "model.onnx");

    private static string Row(GraphBuilder g)
    {
        string token = g.Cast(g.Input("input_ids", DataType.Int64, 1, 1), DataType.Float), position = g.Cast(g.Input("position_ids", DataType.Int64, 1, 1), DataType.Float);
        // Not a Concat: ONNX Runtime 1.29 captures that unsafely, and a session that has it holds one graph only.
        string row = g.Op("Add", g.Op("Mul", token, g.Initializer("first", DataType.Float, [1, 2], 1, 0)), g.Op("Mul", position, g.Initializer("second", DataType.Float, [1, 2], 0, 1)));
        return g.Op("Reshape", row, g.Integers("row_shape", 1, 1, 1, 2));
    }

    private static void Logits(GraphBuilder g, string cache)
    {
        string sum = g.Node("ReduceSum", [cache, g.Integers("axes", 2)], [("keepdims", 0L)])[0];
        Result(g, "Reshape", [sum, g.Integers("logits_shape", 1, 1, 2)], "logits", DataType.Float, [1, 1, 2]);
    }

    private static string Result(GraphBuilder g, string op, IReadOnlyList<string> inputs, string name, DataType type, object[] dims, params (string, object)[] attributes)
    {
        g.Node(op, inputs, attributes, [name]);
        g.Output(name, type, dims);
        return name;
    }

    private static byte[] Bytes(GraphBuilder g) => g.Build().Proto.ToByteArray();
}
