namespace FlashRt.Onnx.Catalog;

/// <summary>An output of an op.</summary>
/// <param name="Name">Its name in the op's schema.</param>
/// <param name="Type">An element type, or <c>T</c>, the type variable.</param>
/// <param name="Shape">Its shape in words.</param>
/// <param name="Doc">What it holds.</param>
/// <param name="MayAlias">Inputs whose buffer it may take over, when nothing reads them later.</param>
/// <param name="Optional">Whether a node may leave it out; it is then not computed.</param>
public sealed record OpOutput(string Name, string Type, string Shape, string Doc, IReadOnlyList<int>? MayAlias = null, bool Optional = false)
{
    /// <summary>Inputs whose buffer it may take over; empty when none.</summary>
    public IReadOnlyList<int> MayAlias { get; init; } = MayAlias ?? [];
}
