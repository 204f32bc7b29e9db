namespace FlashRt.Onnx.Catalog;

/// <summary>An input of an op.</summary>
/// <param name="Name">Its name in the op's schema.</param>
/// <param name="Type">An element type, or <c>T</c>, the type variable.</param>
/// <param name="Shape">Its shape in words; equal letters are equal sizes.</param>
/// <param name="Doc">What it holds.</param>
/// <param name="Optional">Whether a node may leave it out.</param>
public sealed record OpInput(string Name, string Type, string Shape, string Doc, bool Optional = false);
