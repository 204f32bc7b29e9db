using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Rules.Merging;

/// <summary>
/// Several products of the same rows as one: x · W₁, x · W₂, ..  →  x · [W₁ | W₂ | ..], with their biases side by side. A product without
/// a bias among some with one gets zeros, which change nothing.
/// </summary>
internal sealed class Merge
{
    private readonly IReadOnlyList<Projection> parts;

    private Merge(IReadOnlyList<Projection> parts) => this.parts = parts;

    /// <summary>Width of each part in the merged result.</summary>
    public IReadOnlyList<long> Columns => [.. parts.Select(p => p.Columns)];

    /// <summary>The values that the merged result holds side by side.</summary>
    public IReadOnlyList<Value> Outputs => [.. parts.Select(p => p.Output)];

    /// <summary>The merged product, or why there is none.</summary>
    public static (Merge? Merge, string? Reason) Of(params IReadOnlyList<Projection> parts)
    {
        var first = parts[0];
        foreach (var part in parts)
            if (part.Rows != first.Rows) return (null, $"'{part.Output.Name}' is a product of '{part.Rows.Name}' and '{first.Output.Name}' one of '{first.Rows.Name}'");
        if (parts.DistinctBy(p => p.Node).Count() < parts.Count) return (null, $"'{first.Output.Name}' is one product in two roles");
        return parts.Select(p => p.Problem()).Concat(parts.Select(p => Difference(first, p))).FirstOrDefault(p => p is not null) is { } problem ? (null, problem) : (new Merge(parts), null);
    }

    /// <summary>Puts the merged product into an edit of the graph; returns the name of its result.</summary>
    public string Apply(MergeEdit edit)
    {
        var first = parts[0];
        var name = edit.FreeName($"{first.Output.Name}.merged");
        Value[] weights = [.. parts.Select(p => p.Weight)];
        var weight = edit.Store(JoinedTensor.Make(edit.FreeName($"{name}.weight"), weights, first.IsTransposed ? 0 : 1, edit.Model.External), weights);
        var bias = parts.Any(p => p.Bias is not null) ? edit.Store(Biases().ToProto(edit.FreeName($"{name}.bias")), parts.Select(p => p.Bias)) : null;
        foreach (var part in parts) edit.Remove(part.Node);
        foreach (var part in parts) edit.Remove(part.Transpose);

        var model = parts.FirstOrDefault(p => bias is null ? p.Node.Domain.Length == 0 : p.Node.Domain == FusedSites.Domain) ?? first;
        if (model.Node.Domain == FusedSites.Domain) Fused(edit, name, weight, bias);
        else Stock(edit, model, name, weight);
        edit.Describe(name, first.Output.Type, new Shape([.. first.Output.Shape!.SkipLast(1), (Dim)Columns.Sum()]));
        return name;
    }

    // Why two matrices cannot lie side by side.
    private static string? Difference(Projection first, Projection other)
    {
        var weights = $"the weights '{first.Weight.Name}' and '{other.Weight.Name}'";
        if (other.IsTransposed != first.IsTransposed) return $"{weights} are stored in different orders";
        if (ExternalData.IsExternal(other.Weight.Initializer!) != ExternalData.IsExternal(first.Weight.Initializer!)) return $"of {weights} one is in the model and one in a file";
        return other.Inner == first.Inner ? null : $"{weights} have not the same inner size";
    }

    private static void Stock(MergeEdit edit, Projection model, string name, string weight)
    {
        var product = new NodeProto { OpType = model.Node.OpType, Name = name };
        product.Input.AddRange([model.Rows.Name, model.Transpose is null ? weight : Transposed(edit, model.Transpose, weight)]);
        product.Output.Add(name);
        product.Attribute.AddRange(model.Node.Proto.Attribute);
        edit.Add(product);
    }

    private static string Transposed(MergeEdit edit, Node transpose, string weight)
    {
        var node = transpose.Proto.Clone();
        node.Name = node.Output[0] = edit.FreeName($"{weight}.transposed");
        node.Input[0] = weight;
        edit.Add(node);
        return node.Name;
    }

    private void Fused(MergeEdit edit, string name, string weight, string? bias)
    {
        var first = parts[0];
        var body = new FunctionBody(first.Output);
        var matrix = first.IsTransposed ? body.Node("Transpose", [weight], null, ("perm", new long[] { 1, 0 })) : weight;
        if (bias is null) body.Node("MatMul", [first.Rows.Name, matrix], name);
        else body.Node("Add", [body.Node("MatMul", [first.Rows.Name, matrix]), bias], name);
        IEnumerable<AttributeProto> attributes = first.IsTransposed ? [Attributes.Make("transB", 1)] : [];
        edit.Add("Gemm", bias is null ? [first.Rows.Name, weight] : [first.Rows.Name, weight, bias], [name], attributes, body.Nodes);
    }

    private ConstantTensor Biases()
    {
        var numbers = parts.SelectMany(p => p.Bias?.Constant!.ReadAsDouble() ?? new double[p.Columns]).ToArray();
        return ConstantTensor.From(parts[0].Output.Type, [numbers.Length], numbers);
    }
}
