namespace FlashRt.Onnx.Catalog;

/// <summary>A group of ops that share kernels, sources and tests.</summary>
/// <param name="Name">Folder name below <c>native/customops/kernels</c>.</param>
/// <param name="Title">Heading in the documentation.</param>
public sealed record OpFamily(string Name, string Title);
