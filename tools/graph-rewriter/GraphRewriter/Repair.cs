namespace FlashRt.GraphRewriter;

/// <summary>A change that --repair made to a model that ONNX Runtime would refuse: the node it was made for, and what it was.</summary>
public sealed record Repair(string Node, string Change);
