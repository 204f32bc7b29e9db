namespace FlashRt.GraphRewriter.Tests;

/// <summary>Compares two models up to the order of nodes, tensors and notes; value names, node names and attributes must agree.</summary>
internal static class GraphDiff
{
    public static string? First(ModelProto a, ModelProto b) =>
        a.IrVersion != b.IrVersion ? $"IR version {a.IrVersion} and {b.IrVersion}"
        : !a.OpsetImport.Equals(b.OpsetImport) ? $"imports {a.OpsetImport} and {b.OpsetImport}"
        : !a.Graph.Input.Equals(b.Graph.Input) ? "inputs differ"
        : !a.Graph.Output.Equals(b.Graph.Output) ? "outputs differ"
        : !a.MetadataProps.Equals(b.MetadataProps) ? "metadata differs"
        : a.Functions.Count != b.Functions.Count ? "functions differ"
        : Named(a.Graph.Node, b.Graph.Node, n => n.Output.First(o => o.Length > 0))
        ?? Named(a.Graph.Initializer, b.Graph.Initializer, t => t.Name)
        ?? Named(a.Graph.ValueInfo, b.Graph.ValueInfo, v => v.Name);

    private static string? Named<T>(IEnumerable<T> a, IEnumerable<T> b, Func<T, string> name) where T : class
    {
        var (left, right) = (a.ToDictionary(name), b.ToDictionary(name));
        foreach (var key in left.Keys.Union(right.Keys).Order(StringComparer.Ordinal))
        {
            var (x, y) = (left.GetValueOrDefault(key), right.GetValueOrDefault(key));
            if (!Equals(x, y)) return $"{typeof(T).Name} '{key}': {(x is null ? "new" : y is null ? "lost" : "differs")}";
        }
        return null;
    }
}
