namespace FlashRt.Onnx.Catalog;

/// <summary>The catalog file as a whole.</summary>
/// <param name="Domain">Operator set domain.</param>
/// <param name="Version">Operator set version.</param>
/// <param name="Families">Families in the order of the documentation.</param>
/// <param name="Ops">Ops in the order of the documentation.</param>
/// <param name="Functions">C functions for rows that are no graph nodes.</param>
public sealed record CatalogDocument(
    string Domain,
    int Version,
    IReadOnlyList<OpFamily> Families,
    IReadOnlyList<Op> Ops,
    IReadOnlyList<CatalogFunction> Functions);
