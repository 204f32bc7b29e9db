namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>Standard nodes with the meaning of a com.microsoft node; null where the node is used in a way they do not cover.</summary>
internal sealed class Contrib(Node node, GraphEdit edit)
{
    private readonly List<NodeProto> nodes = [];

    /// <summary>The nodes that stand for it, in order.</summary>
    public static NodeProto[]? Expand(Node node, GraphEdit edit)
    {
        var contrib = new Contrib(node, edit);
        var done = node.OpType switch
        {
            "SkipLayerNormalization" => contrib.SkipNorm(bias: 4, "LayerNormalization"),
            "SkipSimplifiedLayerNormalization" => contrib.SkipNorm(bias: 3, "SimplifiedLayerNormalization"),
            "BiasGelu" => contrib.BiasGelu(),
            "FastGelu" => contrib.FastGelu(),
            "GemmFastGelu" => contrib.GemmFastGelu(),
            "BiasAdd" => contrib.BiasAdd(),
            "BiasSplitGelu" => contrib.BiasSplitGelu(),
            "FusedMatMul" => contrib.FusedMatMul(),
            "FusedGemm" => contrib.Activated("Gemm"),
            "FusedConv" => contrib.Activated("Conv"),
            _ => false,
        };
        return done ? [.. contrib.nodes] : null;
    }

    private string Result => node.Outputs[0]!.Name;

    private string? In(int input) => node.Input(input)?.Name;

    // y = norm(x + skip + bias), and the sum where it is asked for.
    private bool SkipNorm(int bias, string norm)
    {
        if (IsRead(1) || IsRead(2) || In(0) is not { } x || In(1) is not { } skip || In(2) is not { } gamma) return false;
        var sum = node.Outputs.Count > 3 && node.Outputs[3] is { } named ? named.Name : null;
        if (In(bias) is { } b) x = Add("Add", [x, b]);
        sum = Add("Add", [x, skip], sum);
        var beta = norm == "LayerNormalization" ? In(3) : null;
        if (norm != "LayerNormalization" && edit.Graph.Opset >= 23 && node.Input(0)!.Type == node.Input(2)!.Type) norm = "RMSNormalization";
        Add(norm, beta is null ? [sum, gamma] : [sum, gamma, beta], Result, ("axis", -1), ("epsilon", node.Float("epsilon", 1e-12f)));
        return true;
    }

    private bool BiasGelu()
    {
        Gelu(Add("Add", [In(0)!, In(1)!]), Result);
        return true;
    }

    private bool FastGelu()
    {
        if (In(1) is not { } bias) return false;
        Add("com.microsoft::FastGelu", [Add("Add", [In(0)!, bias])], Result);
        return true;
    }

    private bool GemmFastGelu()
    {
        var y = Add("MatMul", [In(0)!, In(1)!]);
        if (In(2) is { } bias) y = Add("Add", [y, bias]);
        Add("com.microsoft::FastGelu", [y], Result);
        return true;
    }

    private bool BiasAdd()
    {
        Add("Add", [Add("Add", [In(0)!, In(1)!]), In(2)!], Result);
        return true;
    }

    private bool BiasSplitGelu()
    {
        if (node.Outputs[0]!.Shape?[-1].Value is not { } half) return false;
        var split = new NodeProto { OpType = "Split", Name = $"{node.Name}.split" };
        string value = edit.FreeName($"{Result}.value"), gate = edit.FreeName($"{Result}.gate");
        split.Input.AddRange([Add("Add", [In(0)!, In(1)!]), edit.Integers($"{Result}.halves", half, half)]);
        split.Output.AddRange([value, gate]);
        split.Attribute.Add(Attributes.Make("axis", -1));
        nodes.Add(split);
        Add("Mul", [value, Gelu(gate, null)], Result);
        return true;
    }

    // alpha · op(A) op(B). Weights that would have to be transposed at run time keep the fused form.
    private bool FusedMatMul()
    {
        if (node.Int("transBatchA", 0) + node.Int("transBatchB", 0) != 0) return false;
        if (Operand(0, "transA") is not { } a || Operand(1, "transB") is not { } b) return false;
        var alpha = node.Float("alpha", 1);
        if (alpha == 1)
        {
            Add("MatMul", [a, b], Result);
            return true;
        }
        if (node.Outputs[0]!.Type is not (DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double)) return false;
        var scale = edit.FreeName($"{Result}.alpha");
        edit.Store(scale, ConstantTensor.From(node.Outputs[0]!.Type, [], [(double)alpha]).ToProto(scale));
        Add("Mul", [Add("MatMul", [a, b]), scale], Result);
        return true;
    }

    private bool Activated(string op)
    {
        var activation = node.Text("activation", "");
        if (activation is not ("Relu" or "Sigmoid" or "Tanh")) return false;
        if (op == "Conv" && In(3) is not null) return false;  // the sum with Z
        var plain = node.Proto.Clone();
        plain.OpType = op;
        plain.ClearDomain();
        plain.Name += ".linear";
        plain.Output[0] = edit.FreeName($"{Result}.linear");
        foreach (var extra in plain.Attribute.Where(a => a.Name.StartsWith("activation", StringComparison.Ordinal)).ToList()) plain.Attribute.Remove(extra);
        nodes.Add(plain);
        Add(activation, [plain.Output[0]], Result);
        return true;
    }

    private string Gelu(string x, string? output) => Add(edit.Graph.Opset >= 20 ? "Gelu" : "com.microsoft::Gelu", [x], output);

    private string? Operand(int input, string attribute)
    {
        if (In(input) is not { } name || node.Int(attribute, 0) == 0) return In(input);
        if (node.Input(input) is not { Initializer: null, Shape.Rank: >= 2 and var rank }) return null;
        return Add("Transpose", [name], null, ("perm", Enumerable.Range(0, rank - 2).Concat([rank - 1, rank - 2]).Select(i => (long)i)));
    }

    private bool IsRead(int output) => node.Outputs.Count > output && node.Outputs[output] is { } value && (value.IsOutput || value.Uses.Count > 0);

    private string Add(string op, IReadOnlyList<string> inputs, string? output = null, params (string Name, object Value)[] attributes)
    {
        var (domain, type) = op.Split("::") is [var d, var t] ? (d, t) : ("", op);
        output ??= edit.FreeName($"{Result}.{type.ToLowerInvariant()}{nodes.Count}");
        var made = new NodeProto { OpType = type, Name = output == Result ? node.Name : output };
        if (domain.Length > 0) made.Domain = domain;
        made.Input.AddRange(inputs);
        made.Output.Add(output);
        made.Attribute.AddRange(attributes.Select(a => Attributes.Make(a.Name, a.Value)));
        nodes.Add(made);
        return output;
    }
}
