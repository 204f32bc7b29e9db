namespace FlashRt.Onnx.Catalog;

/// <summary>One op of the domain <c>com.flashrt</c>.</summary>
/// <param name="Name">Op type, as a node spells it.</param>
/// <param name="Family">Name of its <see cref="OpFamily"/>.</param>
/// <param name="Summary">What it does, in a sentence.</param>
/// <param name="Formula">What it computes.</param>
/// <param name="Types">What the type variable <c>T</c> may be; empty when no operand has that type.</param>
/// <param name="Inputs">Inputs in order.</param>
/// <param name="Outputs">Outputs in order.</param>
/// <param name="Attributes">Attributes; nodes may leave out those with a default.</param>
/// <param name="Providers">Execution providers with a kernel: <c>cpu</c>, <c>cuda</c>.</param>
/// <param name="Errors">What the op refuses.</param>
/// <param name="Source">Where the formula comes from.</param>
/// <param name="Seeds">Kernels of the seed catalog that are calls of this op.</param>
public sealed record Op(
    string Name,
    string Family,
    string Summary,
    string Formula,
    IReadOnlyList<string> Types,
    IReadOnlyList<OpInput> Inputs,
    IReadOnlyList<OpOutput> Outputs,
    IReadOnlyList<OpAttribute> Attributes,
    IReadOnlyList<string> Providers,
    IReadOnlyList<string> Errors,
    string Source,
    IReadOnlyList<Seed> Seeds)
{
    /// <summary>Whether the attribute <c>output_dtype</c> sets <c>T</c>, because no required input has that type.</summary>
    public bool TypeFromAttribute => Attributes.Any(a => a.Name == "output_dtype");

    /// <summary>The attribute of that name, or null.</summary>
    public OpAttribute? FindAttribute(string name) => Attributes.FirstOrDefault(a => a.Name == name);

    /// <summary>Position of an input.</summary>
    /// <exception cref="ArgumentException">There is no input of that name.</exception>
    public int InputIndex(string name)
    {
        for (var i = 0; i < Inputs.Count; i++)
            if (Inputs[i].Name == name)
                return i;
        throw new ArgumentException($"{Name} has no input '{name}'. It has {string.Join(", ", Inputs.Select(i => i.Name))}.", nameof(name));
    }
}
