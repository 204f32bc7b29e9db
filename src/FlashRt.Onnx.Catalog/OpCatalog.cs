using System.Text.Json;

namespace FlashRt.Onnx.Catalog;

/// <summary>The ops of <c>com.flashrt</c>, read from <c>native/customops/catalog.json</c>, which is embedded here and in the native library.</summary>
public static class OpCatalog
{
    /// <summary>The catalog as a whole.</summary>
    public static CatalogDocument Document { get; } = Parse(EmbeddedText.Read("catalog.json"));

    private static readonly Dictionary<string, Op> ByName = Document.Ops.ToDictionary(op => op.Name);

    /// <summary>The operator set domain, <c>com.flashrt</c>.</summary>
    public static string Domain => Document.Domain;

    /// <summary>The operator set version.</summary>
    public static int Version => Document.Version;

    /// <summary>Families in the order of the documentation.</summary>
    public static IReadOnlyList<OpFamily> Families => Document.Families;

    /// <summary>Every op.</summary>
    public static IReadOnlyList<Op> Ops => Document.Ops;

    /// <summary>C functions that stand for seed catalog rows which are no graph nodes.</summary>
    public static IReadOnlyList<CatalogFunction> Functions => Document.Functions;

    /// <summary>The op of that name, or null.</summary>
    public static Op? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>The op of that name.</summary>
    /// <exception cref="ArgumentException">There is no such op.</exception>
    public static Op Get(string name) =>
        Find(name) ?? throw new ArgumentException($"The domain {Domain} has no op '{name}'. Its ops are {string.Join(", ", ByName.Keys)}.", nameof(name));

    /// <summary>Reads a catalog, e.g. the one that a native library was built from.</summary>
    /// <exception cref="JsonException">The text is not a catalog of this version's form.</exception>
    public static CatalogDocument Parse(string json) =>
        JsonSerializer.Deserialize(json, CatalogJsonContext.Default.CatalogDocument) ?? throw new JsonException("The catalog is empty.");
}
