namespace FlashRt.GraphRewriter.Rules.Merging;

/// <summary>x · W + b as the rules left it: MatMul, ONNX's Gemm or the op's, with W or its Transpose as the matrix.</summary>
/// <param name="Node">The product.</param>
/// <param name="Rows">x.</param>
/// <param name="Weight">The matrix as it is stored, or as it comes into the product where it is not.</param>
/// <param name="Bias">b, if there is one.</param>
/// <param name="Transpose">The Transpose between stored matrix and product.</param>
internal sealed record Projection(Node Node, Value Rows, Value Weight, Value? Bias, Node? Transpose)
{
    public Value Output => Node.Outputs[0]!;

    /// <summary>True where the matrix is stored as [columns, inner].</summary>
    public bool IsTransposed => Transpose is not null ^ Node.Int("transB", 0) != 0;

    public long Columns => Weight.Shape![IsTransposed ? 0 : 1].Value!.Value;

    public long Inner => Weight.Shape![IsTransposed ? 1 : 0].Value!.Value;

    /// <summary>The product that computes a value; null where another operator does.</summary>
    public static Projection? Of(Value? value)
    {
        if (value?.Producer is not { OpType: "MatMul" or "Gemm", Domain: "" or FusedSites.Domain } node || node.Outputs[0] != value) return null;
        if (node.Input(0) is not { } rows || node.Input(1) is not { } matrix) return null;
        var transpose = matrix is { Initializer: null, Producer: { OpType: "Transpose", Domain: "" } moved }
            && moved.Input(0) is { Initializer: not null, Shape.Rank: 2 } ? moved : null;
        return new Projection(node, rows, transpose?.Input(0) ?? matrix, node.Input(2), transpose);
    }

    /// <summary>Why the product must stay one of its own; null when it may be merged.</summary>
    public string? Problem() => WeightProblem() ?? TypeProblem() ?? (Epilogue() is { } epilogue ? $"the product '{Output.Name}' has {epilogue} of its own" : null) ?? BiasProblem();

    private string? WeightProblem()
    {
        if (Weight.Initializer is not { } stored || Weight.IsInput || Weight.Shape is not { Rank: 2 }) return $"the weight '{Weight.Name}' is no stored matrix";
        if (IsShared(Weight) || IsShared(Transpose?.Outputs[0])) return $"the weight '{Weight.Name}' is also read elsewhere, and would be stored twice";
        if (JoinedTensor.Is(stored)) return $"the weight '{Weight.Name}' is merged already";
        return Transpose?.Ints("perm") is null or [1, 0] ? null : $"'{Transpose!.Name}' is no transpose of a matrix";
    }

    private string? TypeProblem()
    {
        if (Output.Shape is not { Rank: > 0 }) return $"the shape of the product '{Output.Name}' is not known";
        return Rows.Type.IsFlashRtFloat() && Output.Type == Rows.Type && Weight.Type == Rows.Type ? null
            : $"the product '{Output.Name}' has not one type that the op takes ({Rows.Type.Name()}, {Weight.Type.Name()}, {Output.Type.Name()})";
    }

    private string? BiasProblem() => Bias is null || (!Bias.IsInput && Bias.Constant is not null && Bias.Type == Rows.Type && Bias.Shape?.Static() is [var length] && length == Columns) ? null
        : $"the bias '{Bias.Name}' is no stored vector of {Columns} numbers";

    private static bool IsShared(Value? value) => value is not null && (value.Uses.Count > 1 || value.IsOutput);

    private string? Epilogue() =>
        Node.Input(3) is not null ? "a residual"
        : Node.Text("activation", "none") != "none" ? "an activation"
        : Node.Float("softcap", 0) != 0 ? "a cap"
        : Node.Float("alpha", 1) != 1 || Node.Float("beta", 1) != 1 ? "a factor"
        : Node.Int("transA", 0) != 0 ? "transposed rows"
        : Node.Domain.Length == 0 && Bias is not null ? "a third operand" : null;
}
