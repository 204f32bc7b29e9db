namespace FlashRt.Validation.Ops;

/// <summary>One form of call, and the values to try it with.</summary>
/// <param name="Signature">The form of the call.</param>
/// <param name="Why">Why this form is there.</param>
/// <param name="Samples">The values.</param>
public sealed record OpCase(OpSignature Signature, string Why, IReadOnlyList<OpSample> Samples)
{
    /// <inheritdoc/>
    public override string ToString() => Signature.ToString();
}

/// <summary>Values for one call.</summary>
/// <param name="Why">Why these values are there.</param>
/// <param name="Operands">Every input of the op by name; a call takes those it has.</param>
/// <param name="Ordinary">Whether all values are finite and of ordinary size, so that standard ops round them alike.</param>
public sealed record OpSample(string Why, IReadOnlyDictionary<string, OpTensor> Operands, bool Ordinary = true);
