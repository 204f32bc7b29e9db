namespace FlashRt.Validation.Ops;

/// <summary>One form of call, and the values to try it with.</summary>
/// <param name="signature">The form of the call.</param>
/// <param name="why">Why this form is there.</param>
/// <param name="makeSamples">Makes the values, when they are first asked for.</param>
public sealed class OpCase(OpSignature signature, string why, Func<IReadOnlyList<OpSample>> makeSamples)
{
    private readonly Lazy<IReadOnlyList<OpSample>> _samples = new(makeSamples);

    /// <summary>The form of the call.</summary>
    public OpSignature Signature => signature;

    /// <summary>Why this form is there.</summary>
    public string Why => why;

    /// <summary>The values; the same in every run.</summary>
    public IReadOnlyList<OpSample> Samples => _samples.Value;

    /// <inheritdoc/>
    public override string ToString() => Signature.ToString();
}

/// <summary>Values for one call.</summary>
/// <param name="Why">Why these values are there.</param>
/// <param name="Operands">Every input of the op by name; a call takes those it has.</param>
/// <param name="Ordinary">Whether all values are finite and of ordinary size, so that standard ops round them alike.</param>
public sealed record OpSample(string Why, IReadOnlyDictionary<string, OpTensor> Operands, bool Ordinary = true);
