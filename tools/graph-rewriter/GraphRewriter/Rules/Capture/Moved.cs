using FlashRt.Onnx.Catalog;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>What the rules that only move data share.</summary>
internal static class Moved
{
    /// <summary>Most tensors that one Concat takes and one Split gives.</summary>
    public static int Most { get; } = OpCatalog.Get("Concat").Inputs.Count;

    /// <summary>The op moves elements of some types only.</summary>
    public static string? TypeProblem(string op, Value value) => OpCatalog.Get(op).Types.Contains(value.Type.Name()) ? null
        : $"'{value.Name}' is {value.Type.Name()}; the op takes {string.Join(", ", OpCatalog.Get(op).Types)}";
}
