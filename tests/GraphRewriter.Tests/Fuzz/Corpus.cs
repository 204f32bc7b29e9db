using FlashRt.GraphRewriter.Tests.Spellings;
using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Tests.Fuzz;

/// <summary>
/// What is damaged: every spelling that a rule knows, so that the matcher sees near misses of all of them, graphs with subgraphs,
/// functions and moved data, and two real exports.
/// </summary>
internal static class Corpus
{
    public static IReadOnlyList<ModelProto> Small { get; } = [.. AllSpellings.All.Select(s => s.Model().Proto), Branches().Proto, Functions().Proto, Moves().Proto];

    public static IReadOnlyList<ModelProto> Exports { get; } = [.. new[] { "pi0_denoise_fp16", "siglip_fp16_ts" }.Select(n => ModelTests.Load(n).Proto)];

    private static OnnxModel Branches()
    {
        var g = new GraphBuilder();
        var x = g.Input("x", Float, 2, 4);
        GraphProto Branch(string op)
        {
            var branch = new GraphProto { Name = op };
            var node = new NodeProto { OpType = op, Name = op };
            node.Input.Add("x");
            node.Output.Add($"{op}_out");
            branch.Node.Add(node);
            branch.Initializer.Add(ConstantTensor.From(Float, [2], [1.0, 2.0]).ToProto($"{op}_unused"));
            branch.Output.Add(new ValueInfoProto { Name = $"{op}_out" });
            return branch;
        }
        var y = g.Node("If", [g.Input("flag", Bool)])[0];
        g.Output(g.Op("Add", y, x), Float, 2, 4);
        var model = g.Build();
        foreach (var (name, op) in new[] { ("then_branch", "Relu"), ("else_branch", "Neg") })
            model.Proto.Graph.Node[0].Attribute.Add(new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = Branch(op) });
        return model;
    }

    private static OnnxModel Functions()
    {
        var function = new FunctionProto { Name = "Twice", Domain = "local" };
        function.Input.Add("a");
        function.Output.Add("b");
        var node = new NodeProto { OpType = "Add", Name = "sum" };
        node.Input.Add(["a", "a"]);
        node.Output.Add("b");
        function.Node.Add(node);
        function.OpsetImport.Add(new OperatorSetIdProto { Version = 18 });
        var g = new GraphBuilder().Import("local", 1).Function(function);
        g.Output(g.Op("Sqrt", g.Op("local::Twice", g.Op("local::Twice", g.Input("x", Float, 2, 4)))), Float, 2, 4);
        return g.Build();
    }

    private static OnnxModel Moves()
    {
        var g = new GraphBuilder();
        var parts = g.Node("Split", [g.Input("x", Float16, "n", 8)], [("axis", -1), ("num_outputs", 2)], ["a", "b"]);
        var joined = g.Node("Concat", [parts[1], parts[0]], [("axis", 1)])[0];
        var product = g.Op("MatMul", g.Op("Reshape", joined, g.Integers("heads", 1, 4, -1, 2)), g.Input("m", Float16, 1, 1, 2, 3));
        g.Output(g.Op("Expand", product, g.Op("Shape", product)), Float16, "p", "q", "r", "s");
        return g.Build();
    }
}
