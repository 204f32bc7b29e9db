namespace FlashRt.Validation;

/// <summary>
/// Inputs for a model and, where somebody recorded them, its outputs, by name. There may be tensors that the graph does not have (an
/// exporter pruned an input), and outputs may be wider than the graph's types (PyTorch's, kept as float32).
/// </summary>
public sealed record TestDataSet(string Name, IReadOnlyDictionary<string, HostTensor> Inputs, IReadOnlyDictionary<string, HostTensor> Outputs);
