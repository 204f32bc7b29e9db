using FlashRt.Onnx.Catalog;

namespace FlashRt.Validation.Ops;

/// <summary>The cases of one op: forms of call times values, for each type.</summary>
internal sealed class CaseTable(string opName)
{
    private sealed record Variant(string Why, string[] Inputs, string[]? Outputs, Dictionary<string, object> Attributes);

    private sealed record Sample(string Why, Func<Data, IReadOnlyDictionary<string, OpTensor>> Make, bool Ordinary, Func<Data, bool>? Where);

    private readonly Op _op = OpCatalog.Get(opName);
    private readonly List<Variant> _variants = [];
    private readonly List<Sample> _samples = [];

    /// <summary>Adds a form of call: names of the inputs it has, outputs where not just the required ones, attributes.</summary>
    public CaseTable Call(string why, string inputs, string? outputs = null, params (string Name, object Value)[] attributes)
    {
        _variants.Add(new Variant(why, inputs.Split(' '), outputs?.Split(' '),
            attributes.ToDictionary(a => a.Name, a => a.Value is int integer ? (long)integer : a.Value)));
        return this;
    }

    /// <summary>Adds values for every form of call, or for those that fit.</summary>
    public CaseTable With(string why, Func<Data, IReadOnlyDictionary<string, OpTensor>> make, Func<Data, bool>? where = null)
    {
        _samples.Add(new Sample(why, make, true, where));
        return this;
    }

    /// <summary>Adds values that standard ops need not treat alike: NaN, infinities, overflow.</summary>
    public CaseTable Special(string why, Func<Data, IReadOnlyDictionary<string, OpTensor>> make, Func<Data, bool>? where = null)
    {
        _samples.Add(new Sample(why, make, false, where));
        return this;
    }

    /// <summary>The cases, type by type.</summary>
    public IEnumerable<OpCase> Build()
    {
        var types = _op.Types.Count == 0 ? [ElementType.Float32] : _op.Types.Select(ElementTypes.Parse);
        foreach (var type in types)
            foreach (var variant in _variants)
            {
                var attributes = variant.Attributes;
                if (_op.TypeFromAttribute)
                    attributes = new Dictionary<string, object>(attributes) { ["output_dtype"] = type.Name() };
                var signature = new OpSignature(_op, type, variant.Inputs, variant.Outputs ?? [.. _op.Outputs.Where(o => !o.Optional).Select(o => o.Name)], attributes);
                yield return new OpCase(signature, variant.Why, () => Make(signature));
            }
    }

    private List<OpSample> Make(OpSignature signature)
    {
        var samples = new List<OpSample>();
        foreach (var sample in _samples)
        {
            // The seed follows from the words, so adding a sample does not change the others.
            var data = new Data(signature, Hash($"{_op.Name} {sample.Why}"));
            if (sample.Where?.Invoke(data) ?? true)
                samples.Add(new OpSample(sample.Why, sample.Make(data), sample.Ordinary));
        }
        return samples;
    }

    private static int Hash(string text) => text.Aggregate(17, (hash, c) => unchecked(hash * 31 + c));
}
