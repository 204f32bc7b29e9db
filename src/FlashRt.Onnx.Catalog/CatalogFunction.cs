namespace FlashRt.Onnx.Catalog;

/// <summary>A C function of the native library that stands for rows of the seed catalog which are no graph nodes.</summary>
/// <param name="Name">Name of the function.</param>
/// <param name="Header">Header that declares it.</param>
/// <param name="Summary">What it does.</param>
/// <param name="Seeds">Rows of the seed catalog.</param>
/// <param name="Managed">The C# member that reaches it; null for functions that C and C++ programs call.</param>
public sealed record CatalogFunction(string Name, string Header, string Summary, IReadOnlyList<Seed> Seeds, string? Managed = null);
