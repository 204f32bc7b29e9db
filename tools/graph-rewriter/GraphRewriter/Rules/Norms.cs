using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>What the norm rules share: the type contract of com.flashrt norms and the form of their weights.</summary>
internal static class Norms
{
    public const string OpName = "norm";

    /// <summary>A constant in the range that the ops take.</summary>
    public static readonly Var Epsilon = new Var("epsilon").Where(v => v.Scalar is > 0 and < 1, "a constant epsilon between 0 and 1");

    /// <summary>A norm that ONNX has as one operator, over the last axis.</summary>
    public static Op LastAxisOp(string op, params IReadOnlyList<Pattern> inputs) => new Op(op, inputs)
        .Where(n => n.Int("axis", -1) is var axis && (axis == -1 || axis + 1 == n.Input(0)?.Shape?.Rank), "normalisation of the last axis only")
        .Where(n => n.Outputs.Skip(1).All(o => o is null || (o.Uses.Count == 0 && !o.IsOutput)), "no use of the mean and variance outputs")
        .Called(OpName).Core();

    /// <summary>Input and result must be of one type that com.flashrt has.</summary>
    public static string? TypeProblem(Value root, Value x) =>
        !x.Type.IsFlashRtFloat() ? $"x ('{x.Name}') is {x.Type.Name()}; the op takes float32, float16 and bfloat16"
        : root.Type != x.Type ? $"x ('{x.Name}') is {x.Type.Name()} but the result is {root.Type.Name()}; the op has one type"
        : null;

    /// <summary>A weight must be one number for each element of the last axis, and of x's type unless it is a constant.</summary>
    public static string? WeightProblem(Value? weight, Value x, string role)
    {
        if (weight is null) return null;
        if (weight.Constant is { Dims: var dims })
        {
            if (dims.Count == 0 || dims.Take(dims.Count - 1).Any(d => d != 1))
                return $"the {role} '{weight.Name}' has the shape [{string.Join(',', dims)}]; the op takes one number per column";
            return x.Shape?[-1].Value is { } size && size != dims[^1]
                ? $"the {role} '{weight.Name}' has {dims[^1]} elements; the last axis of x has {size}" : null;
        }
        if (weight.Shape is not { Rank: 1 } shape) return $"the {role} '{weight.Name}' is not a vector of the last axis";
        if (x.Shape is not null && !x.Shape[-1].SameAs(shape[0])) return $"the {role} '{weight.Name}' is {shape}; x ends in {x.Shape[-1]}";
        return weight.Type == x.Type ? null : $"the {role} '{weight.Name}' is {weight.Type.Name()} and not constant; x is {x.Type.Name()}";
    }

    /// <summary>The weight as the op takes it.</summary>
    public static Value Weight(Value weight, Value x, FusionBuilder builder) =>
        weight.Constant is { } constant ? builder.Constant(weight, x.Type, [constant.Count]) : weight;
}
