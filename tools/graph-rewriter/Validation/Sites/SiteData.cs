using FlashRt.Onnx.Catalog;

namespace FlashRt.Validation;

/// <summary>
/// Further inputs for a site beside the captured ones: random numbers, of size one and of size 1/1024, where an epsilon or a
/// subnormal matters. Only the first input and those of its shape are replaced; tables, masks, scales and positions carry a
/// meaning that random numbers would break (the halves of a cosine table are equal).
/// </summary>
internal static class SiteData
{
    private static readonly HashSet<string> Meaningful = ["cos", "sin", "mask", "position", "scale", "a_scale", "b_scale", "quant_scale"];

    public static IEnumerable<(string Name, IReadOnlyDictionary<string, HostTensor> Values)> Of(
        FusedSite site, IReadOnlyDictionary<string, HostTensor> captured, int seed)
    {
        var replaced = Replaceable(site, captured).ToHashSet();
        if (replaced.Count == 0) yield break;
        foreach (var (name, scale) in new[] { ("random", 1.0), ("random / 1024", 1.0 / 1024) })
        {
            var random = new Random(seed);
            yield return (name, captured.ToDictionary(c => c.Key,
                c => replaced.Contains(c.Key) ? RandomInputs.Normal(c.Value.Type, c.Value.Dims, random, scale) : c.Value, StringComparer.Ordinal));
        }
    }

    private static IEnumerable<string> Replaceable(FusedSite site, IReadOnlyDictionary<string, HostTensor> captured)
    {
        var names = OpCatalog.Find(site.Op)?.Inputs;
        if (site.Node.Input.Count == 0 || !captured.TryGetValue(site.Node.Input[0], out var first)) yield break;
        foreach (var (index, input) in site.Node.Input.Index())
        {
            if (names is not null && index < names.Count && Meaningful.Contains(names[index].Name)) continue;
            if (captured.TryGetValue(input, out var tensor) && tensor.Type.IsFloat() && tensor.Dims.SequenceEqual(first.Dims)) yield return input;
        }
    }
}
