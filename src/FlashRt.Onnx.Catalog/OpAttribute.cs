namespace FlashRt.Onnx.Catalog;

/// <summary>An attribute of an op.</summary>
/// <param name="Name">Its name on a node.</param>
/// <param name="Type"><c>int</c>, <c>float</c>, <c>string</c> or <c>ints</c>; a list is always required.</param>
/// <param name="Doc">What it sets.</param>
/// <param name="Default">A <see cref="long"/>, <see cref="double"/> or <see cref="string"/>; null when the attribute is required.</param>
/// <param name="Required">Whether every node must have it.</param>
/// <param name="Values">What a string may be; empty when anything goes.</param>
public sealed record OpAttribute(string Name, string Type, string Doc, object? Default = null, bool Required = false, IReadOnlyList<string>? Values = null)
{
    /// <summary>What a string may be; empty when anything goes.</summary>
    public IReadOnlyList<string> Values { get; init; } = Values ?? [];
}
