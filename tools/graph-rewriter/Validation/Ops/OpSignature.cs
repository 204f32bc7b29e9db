using System.Globalization;
using FlashRt.Onnx.Catalog;

namespace FlashRt.Validation.Ops;

/// <summary>One way to call an op: the type, which optional operands are there, and the attributes.</summary>
/// <param name="Op">The op.</param>
/// <param name="Type">Value of the type variable.</param>
/// <param name="Inputs">Inputs that the node has.</param>
/// <param name="Outputs">Outputs that the node has.</param>
/// <param name="Attributes">Attributes that the node has: <see cref="long"/>, <see cref="double"/>, <see cref="string"/> or an array of <see cref="long"/>.</param>
public sealed record OpSignature(
    Op Op,
    ElementType Type,
    IReadOnlyList<string> Inputs,
    IReadOnlyList<string> Outputs,
    IReadOnlyDictionary<string, object> Attributes)
{
    /// <summary>The node's value of an attribute, or its default.</summary>
    /// <exception cref="InvalidOperationException">The attribute is required and the node lacks it.</exception>
    public object Attribute(string name)
    {
        if (Attributes.TryGetValue(name, out var value))
            return value;
        var attribute = Op.FindAttribute(name) ?? throw new ArgumentException($"{Op.Name} has no attribute '{name}'.", nameof(name));
        return attribute.Default ?? throw new InvalidOperationException($"{Op.Name} needs the attribute '{name}'.");
    }

    /// <summary>Ids of the seed catalog's kernels that are calls of this form.</summary>
    public IReadOnlyList<string> SeedIds => [.. Op.Seeds.Where(Covers).Select(seed => seed.Id)];

    /// <summary>Whether a call of this form is a call of the seed: same type, same operands, same attributes.</summary>
    public bool Covers(Seed seed) =>
        (!seed.Types.TryGetValue("T", out var type) || ElementTypes.Parse(type) == Type)
        && seed.Inputs.Order().SequenceEqual(Inputs.Order())
        && (seed.Outputs is null || seed.Outputs.All(Outputs.Contains))
        && Op.Attributes.All(a => seed.Attributes.TryGetValue(a.Name, out var wanted)
            ? Equals(Attribute(a.Name), wanted)
            : a.Required || IsSize(a) || Equals(Attribute(a.Name), a.Default));

    // Numbers that a call takes from its shapes or its model rather than from the kind of call it is.
    private static bool IsSize(OpAttribute attribute) =>
        attribute.Type == "float" || attribute.Name.StartsWith("num_", StringComparison.Ordinal) || attribute.Name.EndsWith("_dim", StringComparison.Ordinal)
        || attribute.Name.EndsWith("_offset", StringComparison.Ordinal) || attribute.Name.EndsWith("_size", StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString()
    {
        var outputs = Outputs.SequenceEqual(Op.Outputs.Where(o => !o.Optional).Select(o => o.Name)) ? "" : " -> " + string.Join(", ", Outputs);
        var attributes = string.Concat(Attributes.Select(a => string.Create(CultureInfo.InvariantCulture, $" {a.Key}={(a.Value is long[] list ? string.Join(',', list) : a.Value)}")));
        return $"{Op.Name}({string.Join(", ", Inputs)}){outputs} {Type.Name()}{attributes}";
    }
}
