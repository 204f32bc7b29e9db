using System.Globalization;

namespace FlashRt.Validation.Ops;

/// <summary>A call of an op with values: what a reference implementation gets.</summary>
/// <param name="Signature">The form of the call.</param>
/// <param name="Operands">Inputs by name.</param>
public sealed record OpCall(OpSignature Signature, IReadOnlyDictionary<string, OpTensor> Operands)
{
    /// <summary>Value of the type variable.</summary>
    public ElementType Type => Signature.Type;

    /// <summary>An input that must be there.</summary>
    public OpTensor this[string name] => Find(name) ?? throw new ArgumentException($"{Signature.Op.Name} needs the input '{name}'.", nameof(name));

    /// <summary>An input, or null when the call leaves it out.</summary>
    public OpTensor? Find(string name) => Signature.Inputs.Contains(name) ? Operands[name] : null;

    /// <summary>A one-element input, or null.</summary>
    public double? Scalar(string name) => Find(name)?.Values[0];

    /// <summary>A float attribute, as the float32 that a node stores.</summary>
    public double Float(string name) => (float)Convert.ToDouble(Signature.Attribute(name), CultureInfo.InvariantCulture);

    /// <summary>An int attribute.</summary>
    public long Int(string name) => (long)Signature.Attribute(name);

    /// <summary>A string attribute.</summary>
    public string Text(string name) => (string)Signature.Attribute(name);
}
