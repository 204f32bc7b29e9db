using Google.Protobuf;

namespace FlashRt.GraphRewriter.Cli.Tests;

/// <summary>Models as broken exporters, broken downloads and hostile people make them: a name, the file, and what the refusal says.</summary>
internal static class HostileModels
{
    /// <summary>Refused by every command that reads a model, with these words.</summary>
    public static IReadOnlyList<(string Name, byte[] File, string Reason)> Refused { get; } =
    [
        ("empty", [], "is empty"),
        ("text", "This is not a model. It is a sentence, and another."u8.ToArray(), "is not an ONNX model"),
        ("zip", [(byte)'P', (byte)'K', 3, 4, .. new byte[60]], "is not an ONNX model"),
        ("truncated", Edited(_ => { })[..^9], "is cut off"),
        ("nested too deep", Nested(200), "is not an ONNX model or is cut off"),
        ("cycle", Edited(m => m.Graph.Node[0].Input[0] = "neg_0"), "is part of a cycle"),
        ("undefined input", Edited(m => m.Graph.Node[0].Input[0] = "nowhere"), "reads 'nowhere', which nothing makes"),
        ("undefined output", Edited(m => m.Graph.Output[0].Name = "nothing"), "graph output 'nothing' is made by no node"),
        ("value made twice", Edited(m => m.Graph.Node[1].Output[0] = "add_0"), "is made twice"),
        ("two inputs of a name", Edited(m => m.Graph.Input.Add(m.Graph.Input[0].Clone())), "two graph inputs are called 'x'"),
        ("two tensors of a name", Edited(m => m.Graph.Initializer.Add(m.Graph.Initializer[0].Clone())), "two initializers are called 'w'"),
        ("huge dimension", Edited(m => m.Graph.Initializer[0].Dims.Add([1L << 40, 1L << 40])), "is impossibly large"),
        ("negative dimension", Edited(m => m.Graph.Initializer[0].Dims[0] = -4), "has the dimension -4"),
        ("too little data", Edited(m => m.Graph.Initializer[0].RawData = ByteString.CopyFrom(1, 2, 3)), "has 3 bytes of data"),
        ("escape codes in a name", Edited(m => m.Graph.Node[0].Input[0] = "\e[2J\u0007evil\nsecond line\v"), "evil"),
        ("external parent folder", External("../weights.bin"), "leaves the model's directory"),
        ("external absolute path", External("/etc/hostname"), "absolute external path"),
        ("external file missing", External("none.bin"), "is not there"),
        ("external folder", External("folder"), "is a folder"),
        ("external link out", External("link.bin"), "symbolic link that leaves"),
        ("external folder link out", External("linked/hostname"), "symbolic link that leaves"),
        ("external folder link and back", External("linked/../etc/hostname"), "symbolic link that leaves"),
        ("external link to itself", External("loop.bin"), "symbolic links that never end"),
        ("external no location", External(""), "names no external file"),
        ("external zero byte", External("weights\0.bin"), "zero byte in its name"),
        ("external too short", External("weights.bin", ("length", "8")), "has 8 bytes of external data; its shape needs 16"),
        ("external offset beyond the end", External("weights.bin", ("offset", "1000")), "which has 64"),
        ("external offset negative", External("weights.bin", ("offset", "-8")), "has the external offset -8"),
        ("external length negative", External("weights.bin", ("length", "-8")), "has the external length -8"),
        ("external length overflows", External("weights.bin", ("offset", "8"), ("length", "9223372036854775807")), "which has 64"),
        ("external offset no number", External("weights.bin", ("offset", "0x10")), "expected a number"),
        ("external offset too large a number", External("weights.bin", ("offset", "99999999999999999999")), "expected a number"),
        ("branch with external parent folder", Branch(b => b.Initializer.Add(OutOfFolder("t"))), "leaves the model's directory"),
        ("branch without external location", Branch(b => b.Initializer.Add(NoLocation("t"))), "names no external file"),
        ("branch reads nothing", Branch(b => b.Node[0].Input[0] = "nowhere"), "reads 'nowhere', which nothing makes"),
        ("branch with a cycle", Branch(b => { b.Node.Add(Node("Neg", "back", ["inner"], ["then_0"])); b.Node[0].Input[0] = "then_0"; b.Node[0].Output[0] = "inner"; b.Output[0].Name = "inner"; }), "is part of a cycle"),
        ("branch makes a value twice", Branch(b => b.Node.Add(b.Node[0].Clone())), "is made twice"),
        ("branch gives nothing", Branch(b => b.Output[0].Name = "nothing"), "output 'nothing' is made by no node"),
        ("tensor attribute with external parent folder", Edited(m => m.Graph.Node.Add(Constant(OutOfFolder("t")))), "leaves the model's directory"),
        ("tensor attribute of too little data", Edited(m => m.Graph.Node.Add(Constant(Short("t")))), "has 3 bytes of data"),
        ("sparse initializer with external parent folder", Edited(m => m.Graph.SparseInitializer.Add(new SparseTensorProto { Values = OutOfFolder("s"), Indices = Indices(), Dims = { 4 } })), "leaves the model's directory"),
        ("function with external parent folder", Function(f => f.Node.Add(Constant(OutOfFolder("t")))), "leaves the model's directory"),
        ("function reads nothing", Function(f => f.Node[0].Input[0] = "nowhere"), "reads 'nowhere', which nothing makes"),
        ("function calls itself", Function(f => (f.Node[0].OpType, f.Node[0].Domain) = ("FourTimes", "local")), "calls itself"),
        ("two functions of a name", Edited(m => AddTwice(m, both: true)), "two functions are called"),
    ];

    /// <summary>Sound to a reader, but nothing that a rewrite may touch: refused by rewrite, inspect and explain with these words.</summary>
    public static IReadOnlyList<(string Name, byte[] File, string Reason)> NotRewritten { get; } =
    [
        .. new[] { 7, 11, 12 }.Select(o => ($"operator set {o}", Edited(m => m.OpsetImport[0].Version = o), $"operator set {o}")),
        ("operator set 99", Edited(m => m.OpsetImport[0].Version = 99), "operator set 99"),
        ("IR version 99", Edited(m => m.IrVersion = 99), "IR version 99"),
        ("no standard operator set", Edited(m => m.OpsetImport[0].Domain = "com.microsoft"), "imports no standard operator set"),
        ("two standard operator sets", Edited(m => m.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx", Version = 17 })), "imports the standard operator set twice"),
        ("mixed types", Edited(m => m.Graph.Input[0].Type.TensorType.ElemType = (int)DataType.Float16), "mixes float16"),
        ("unknown element type", Edited(m => m.Graph.Initializer[0].DataType = 77), "mixes float32 ('x') with 77 ('w')"),
        ("training", Edited(m => m.TrainingInfo.Add(new TrainingInfoProto { Algorithm = m.Graph.Clone() })), "training information"),
    ];

    /// <summary>Unusual and none of the rewriter's business: rewritten, with whatever it does not know left as it is.</summary>
    public static IReadOnlyList<(string Name, byte[] File)> Handled { get; } =
    [
        ("as it is", Edited(_ => { })),
        ("unknown operator", Edited(m => m.Graph.Node[1].OpType = "NegateTwice")),
        ("unknown domain", Edited(m => { m.Graph.Node[1].Domain = "example.ops"; m.OpsetImport.Add(new OperatorSetIdProto { Domain = "example.ops", Version = 3 }); })),
        ("unknown com.flashrt operator", Edited(m => (m.Graph.Node[1].OpType, m.Graph.Node[1].Domain) = ("NegateTwice", "com.flashrt"))),
        ("branches", Branch(_ => { })),
        ("loop", Loop("Loop")),
        ("scan", Loop("Scan")),
        ("function calls a function", Edited(m => AddTwice(m, both: false))),
        ("sequence", Edited(m =>
        {
            m.Graph.Node.Add(Node("SequenceConstruct", "seq", ["neg_0", "neg_0"], ["s"]));
            m.Graph.Node.Add(Node("SequenceLength", "len", ["s"], ["n"]));
            m.Graph.Output.Add(Info("n", DataType.Int64));
        })),
        ("sequence input", Edited(m =>
        {
            m.Graph.Input.Add(new ValueInfoProto { Name = "s", Type = new TypeProto { SequenceType = new TypeProto.Types.Sequence { ElemType = Info("", DataType.Float, 4).Type } } });
            m.Graph.Node.Add(Node("SequenceLength", "len", ["s"], ["n"]));
            m.Graph.Output.Add(Info("n", DataType.Int64));
        })),
        ("optional", Edited(m =>
        {
            m.Graph.Node.Add(Node("Optional", "opt", ["neg_0"], ["o"]));
            m.Graph.Node.Add(Node("OptionalGetElement", "get", ["o"], ["e"]));
            m.Graph.Output.Add(Info("e", DataType.Float, 2, 4));
        })),
        ("strings", Edited(m =>
        {
            var words = new TensorProto { Name = "words", DataType = (int)DataType.String, Dims = { 2 } };
            words.StringData.Add([ByteString.CopyFromUtf8("a"), ByteString.CopyFromUtf8("b")]);
            m.Graph.Initializer.Add(words);
            m.Graph.Node.Add(Node("Identity", "id", ["words"], ["out_words"]));
            m.Graph.Output.Add(Info("out_words", DataType.String, 2));
        })),
        ("IR version 13", Edited(m => m.IrVersion = 13)),
        ("sparse initializer", Edited(m =>
        {
            m.Graph.SparseInitializer.Add(new SparseTensorProto { Values = Stored("s", DataType.Float, 1, 5), Indices = Indices(), Dims = { 4 } });
            m.Graph.Node.Add(Node("Add", "add_s", ["neg_0", "s"], ["sum"]));
            m.Graph.Output.Add(Info("sum", DataType.Float, 2, 4));
        })),
        ("zero-size tensor", Edited(m =>
        {
            m.Graph.Initializer.Add(new TensorProto { Name = "none", DataType = (int)DataType.Float, Dims = { 2, 0 } });
            m.Graph.Node.Add(Node("Concat", "cat", ["neg_0", "none"], ["joined"], Attributes.Make("axis", 1)));
            m.Graph.Output.Add(Info("joined", DataType.Float, 2, 4));
        })),
        ("input of size 0", Edited(m => m.Graph.Input[0].Type.TensorType.Shape.Dim[0].DimValue = 0)),
        ("input of negative size", Edited(m => m.Graph.Input[0].Type.TensorType.Shape.Dim[0].DimValue = -1)),
        ("input of huge size", Edited(m => m.Graph.Input[0].Type.TensorType.Shape.Dim[0].DimValue = long.MaxValue)),
        ("input without a type", Edited(m => m.Graph.Input[0].Type = null)),
        ("input without a shape", Edited(m => m.Graph.Input[0].Type.TensorType.Shape = null)),
        ("input of complex numbers", Edited(m => m.Graph.Input.Add(Info("z", DataType.Complex64, 4)))),
        ("output of another type", Edited(m => m.Graph.Output[0].Type.TensorType.ElemType = (int)DataType.Float16)),
        ("names of markup", Edited(m => m.Graph.Node[0].Name = "[red]<script>alert(1)</script>[/]\e[2J")),
        ("no nodes", Edited(m => { m.Graph.Node.Clear(); m.Graph.Output[0].Name = "x"; })),
        ("no inputs and outputs", Edited(m => { m.Graph.Node.Clear(); m.Graph.Input.Clear(); m.Graph.Output.Clear(); })),
        ("external without length", External("weights.bin")),
        ("external through a folder", External("sub/../weights.bin")),
    ];

    /// <summary>Puts beside the models what some of them point at.</summary>
    public static void Surround(string folder)
    {
        File.WriteAllBytes(Path.Combine(folder, "weights.bin"), new byte[64]);
        Directory.CreateDirectory(Path.Combine(folder, "folder"));
        Directory.CreateDirectory(Path.Combine(folder, "sub"));
        File.CreateSymbolicLink(Path.Combine(folder, "link.bin"), "/etc/hostname");
        File.CreateSymbolicLink(Path.Combine(folder, "loop.bin"), "loop.bin");
        Directory.CreateSymbolicLink(Path.Combine(folder, "linked"), "/etc");
    }

    private static byte[] Edited(Action<ModelProto> edit)
    {
        var g = new GraphBuilder();
        g.Output(g.Op("Neg", g.Op("Add", g.Input("x", DataType.Float, 2, 4), g.Initializer("w", DataType.Float, [4], 1, 2, 3, 4))), DataType.Float, 2, 4);
        var proto = g.Unchecked().Proto;
        edit(proto);
        return proto.ToByteArray();
    }

    private static byte[] External(string location, params (string Key, string Value)[] entries) => Edited(m => MakeExternal(m.Graph.Initializer[0], location, entries));

    private static byte[] Branch(Action<GraphProto> edit) => Edited(m =>
    {
        GraphProto Body(string name, string op) => new()
        {
            Name = name, Node = { Node(op, name, ["neg_0"], [$"{name}_0"]) }, Output = { Info($"{name}_0", DataType.Float, 2, 4) },
        };
        var then = Body("then", "Relu");
        edit(then);
        m.Graph.Input.Add(Info("flag", DataType.Bool));
        m.Graph.Node.Add(Node("If", "choice", ["flag"], ["chosen"], Attributes.Make("then_branch", then), Attributes.Make("else_branch", Body("else", "Abs"))));
        m.Graph.Output.Add(Info("chosen", DataType.Float, 2, 4));
    });

    private static byte[] Loop(string op) => Edited(m =>
    {
        var scan = op == "Scan";
        var body = new GraphProto { Name = "body" };
        if (!scan) body.Input.Add([Info("i", DataType.Int64), Info("go", DataType.Bool)]);
        body.Input.Add(Info("state", DataType.Float, 4));
        if (scan) body.Input.Add(Info("row", DataType.Float, 4));
        body.Node.Add(Node("Add", "step", ["state", scan ? "row" : "w"], ["next"]));
        if (!scan)
        {
            body.Node.Add(Node("Identity", "same", ["go"], ["go_on"]));
            body.Output.Add(Info("go_on", DataType.Bool));
        }
        body.Output.Add(Info("next", DataType.Float, 4));
        m.Graph.Initializer.Add(ConstantTensor.From(DataType.Int64, [], [3L]).ToProto("trips"));
        m.Graph.Initializer.Add(ConstantTensor.From(DataType.Bool, [], [1L]).ToProto("yes"));
        var node = scan ? Node("Scan", "loop", ["w", "neg_0"], ["last"], Attributes.Make("num_scan_inputs", 1), Attributes.Make("body", body))
            : Node("Loop", "loop", ["trips", "yes", "w"], ["last"], Attributes.Make("body", body));
        m.Graph.Node.Add(node);
        m.Graph.Output.Add(Info("last", DataType.Float, 4));
    });

    private static byte[] Function(Action<FunctionProto> edit) => Edited(m =>
    {
        AddTwice(m, both: false);
        edit(m.Functions[0]);
    });

    // local::Twice, and local::FourTimes, which calls it; or local::Twice twice.
    private static void AddTwice(ModelProto model, bool both)
    {
        FunctionProto Make(string name, NodeProto node) => new()
        {
            Name = name, Domain = "local", Input = { "a" }, Output = { "b" }, Node = { node },
            OpsetImport = { new OperatorSetIdProto { Version = 18 }, new OperatorSetIdProto { Domain = "local", Version = 1 } },
        };
        model.Functions.Add(Make("Twice", Node("Add", "sum", ["a", "a"], ["b"])));
        model.Functions.Add(both ? model.Functions[0].Clone() : Make("FourTimes", new NodeProto { OpType = "Twice", Domain = "local", Name = "call", Input = { "a" }, Output = { "b" } }));
        if (!both) model.Functions[1].Node.Insert(0, new NodeProto { OpType = "Twice", Domain = "local", Name = "first", Input = { "a" }, Output = { "inner" } });
        if (!both) model.Functions[1].Node[1].Input[0] = "inner";
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "local", Version = 1 });
        model.Graph.Node.Add(new NodeProto { OpType = both ? "Twice" : "FourTimes", Domain = "local", Name = "outer", Input = { "neg_0" }, Output = { "four" } });
        model.Graph.Output.Add(Info("four", DataType.Float, 2, 4));
    }

    private static byte[] Nested(int depth)
    {
        var inner = Array.Empty<byte>();
        for (var i = 0; i < depth; i++)
        {
            // GraphProto { node { attribute { g } } }: fields 1, 5 and 6.
            foreach (var field in new byte[] { 6, 5, 1 }) inner = [(byte)(field << 3 | 2), .. Varint(inner.Length), .. inner];
        }
        return [8, 10, 0x3A, .. Varint(inner.Length), .. inner];
    }

    private static byte[] Varint(int value)
    {
        var bytes = new List<byte>();
        for (; value >= 128; value >>= 7) bytes.Add((byte)(value | 128));
        return [.. bytes, (byte)value];
    }

    private static NodeProto Node(string op, string name, string[] inputs, string[] outputs, params AttributeProto[] attributes) =>
        new() { OpType = op, Name = name, Input = { inputs }, Output = { outputs }, Attribute = { attributes } };

    private static NodeProto Constant(TensorProto tensor) => Node("Constant", "constant", [], ["constant_0"], Attributes.Make("value", tensor));

    private static TensorProto Stored(string name, DataType type, params long[] values) => ConstantTensor.From(type, [values.Length], [.. values.Select(v => (double)v)]).ToProto(name);

    private static TensorProto Indices() => Stored("", DataType.Int64, 2);

    private static TensorProto OutOfFolder(string name) => MakeExternal(Stored(name, DataType.Float, 1), "../escaped.bin");

    private static TensorProto NoLocation(string name) => MakeExternal(Stored(name, DataType.Float, 1), "");

    private static TensorProto Short(string name) => new() { Name = name, DataType = (int)DataType.Float, Dims = { 4 }, RawData = ByteString.CopyFrom(1, 2, 3) };

    private static TensorProto MakeExternal(TensorProto tensor, string location, params (string Key, string Value)[] entries)
    {
        tensor.ClearRawData();
        tensor.DataLocation = TensorProto.Types.DataLocation.External;
        if (location.Length > 0) tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = location });
        foreach (var (key, value) in entries) tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
        return tensor;
    }

    private static ValueInfoProto Info(string name, DataType type, params long[] dims)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = new TensorShapeProto() };
        tensor.Shape.Dim.AddRange(dims.Select(d => new TensorShapeProto.Types.Dimension { DimValue = d }));
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }
}
