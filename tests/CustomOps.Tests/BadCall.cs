using System.Globalization;

namespace FlashRt.CustomOps.Tests;

/// <summary>A call that must be refused.</summary>
/// <param name="Op">The op.</param>
/// <param name="Why">What is wrong with it.</param>
/// <param name="Shapes">Inputs and their shapes, e.g. <c>X=2x8 weight=9</c>; <c>s</c> is a scalar.</param>
/// <param name="Attributes">Attributes, e.g. <c>epsilon=-1.0 layout=BSNH</c>; a point makes a float, a comma a list, a letter a string.</param>
/// <param name="Message">What the message must say besides op and node.</param>
internal sealed record BadCall(string Op, string Why, string Shapes, string Attributes, params string[] Message)
{
    /// <summary>Whether what is wrong are numbers that a CUDA kernel reads on the device, so that no host code can refuse them there.</summary>
    public bool OnDevice { get; init; }

    /// <summary>The call with operands of ones, in float32 where the type is free.</summary>
    public (OpSignature Signature, IReadOnlyDictionary<string, OpTensor> Operands) Make()
    {
        var op = OpCatalog.Get(Op);
        var operands = Split(Shapes).ToDictionary(p => p.Key, p => Ones(op, p.Key, p.Value));
        var attributes = Split(Attributes).ToDictionary(p => p.Key, p => Value(p.Value));
        // A wrong output_dtype is taken for the default, float16, until the attribute is checked: the graph output is declared so.
        var type = attributes.ContainsKey("output_dtype") ? ElementType.Float16 : ElementType.Float32;
        if (op.TypeFromAttribute)
            attributes.TryAdd("output_dtype", "float32");
        return (new OpSignature(op, type, [.. operands.Keys], [.. op.Outputs.Where(o => !o.Optional).Select(o => o.Name)], attributes), operands);
    }

    public override string ToString() => $"{Op}: {Why}";

    private static OpTensor Ones(Op op, string name, string shape)
    {
        var type = op.Inputs[op.InputIndex(name)].Type;
        long[] dims = shape == "s" ? [] : [.. shape.Split('x').Select(d => long.Parse(d, CultureInfo.InvariantCulture))];
        return new OpTensor(type == "T" ? ElementType.Float32 : ElementTypes.Parse(type), dims, [.. Enumerable.Repeat(1.0, (int)OpTensor.CountOf(dims))]);
    }

    private static object Value(string text) =>
        text.Contains(',') ? text.Split(',').Select(t => long.Parse(t, CultureInfo.InvariantCulture)).ToArray()
        : long.TryParse(text, CultureInfo.InvariantCulture, out var integer) ? integer
        : double.TryParse(text, CultureInfo.InvariantCulture, out var number) ? number : text;

    private static IEnumerable<KeyValuePair<string, string>> Split(string text) =>
        text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(p => KeyValuePair.Create(p[..p.IndexOf('=')], p[(p.IndexOf('=') + 1)..]));
}
