namespace FlashRt.Onnx.Catalog;

/// <summary>A kernel of the seed catalog, and the call of an op (or the function) that stands for it here.</summary>
/// <param name="Id">Row of the seed catalog with a letter where kernels share one, e.g. <c>N07</c> or <c>F12c</c>.</param>
/// <param name="Kernel">The kernel's name in the seed catalog.</param>
/// <param name="Types">Values of the type variable.</param>
/// <param name="Inputs">Inputs that the call has; others are left out.</param>
/// <param name="Outputs">Outputs that the call has; null means those that are not optional.</param>
/// <param name="Attributes">Attributes that differ from their defaults.</param>
/// <param name="Note">What else there is to know.</param>
public sealed record Seed(
    string Id,
    string Kernel,
    IReadOnlyDictionary<string, string>? Types = null,
    IReadOnlyList<string>? Inputs = null,
    IReadOnlyList<string>? Outputs = null,
    IReadOnlyDictionary<string, object>? Attributes = null,
    string? Note = null)
{
    /// <summary>Values of the type variable.</summary>
    public IReadOnlyDictionary<string, string> Types { get; init; } = Types ?? new Dictionary<string, string>();

    /// <summary>Inputs that the call has.</summary>
    public IReadOnlyList<string> Inputs { get; init; } = Inputs ?? [];

    /// <summary>Attributes that differ from their defaults.</summary>
    public IReadOnlyDictionary<string, object> Attributes { get; init; } = Attributes ?? new Dictionary<string, object>();
}
