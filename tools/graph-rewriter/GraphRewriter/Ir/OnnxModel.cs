using Google.Protobuf;

namespace FlashRt.GraphRewriter;

/// <summary>An ONNX model: its protobuf, and the graph view over it. Weights in external files are mapped, never loaded.</summary>
public sealed class OnnxModel
{
    private Graph? graph;

    /// <summary>Wraps a protobuf; <paramref name="path"/> is where its external data is looked for.</summary>
    public OnnxModel(ModelProto proto, string? path = null)
    {
        (Proto, Path) = (proto, path);
        if (path is not null) External = new ExternalData(path);
    }

    /// <summary>The model as stored.</summary>
    public ModelProto Proto { get; }

    /// <summary>The file it came from, or null for a model made in memory.</summary>
    public string? Path { get; }

    /// <summary>The main graph with its def-use chains; made when first asked for.</summary>
    public Graph Graph => graph ??= new Graph(this);

    /// <summary>The files with its external data: by the names that the model gives them, and with every link followed.</summary>
    public IReadOnlyList<string> WeightFiles => External is null ? [] : [.. ExternalTensors.Of(Proto).SelectMany(External.Paths).Distinct()];

    internal ExternalData? External { get; }

    /// <summary>Reads and checks a model; throws <see cref="OnnxModelException"/> with the reason when it is not one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mixedTypes">Accept nodes that mix element types, for callers that repair them or run the model in float32.</param>
    public static OnnxModel Load(string path, bool mixedTypes = false) => ModelReader.Load(path, mixedTypes);

    /// <summary>
    /// Writes the model under a temporary name and renames it, so an interrupted write leaves the old file. External data follows: it
    /// is referenced where it lies in the output's directory, otherwise hard-linked or copied there.
    /// </summary>
    /// <exception cref="OnnxModelException">The file cannot be written, is one with weights of the model, or would be larger than 2 GiB.</exception>
    public void Save(string path) => ModelWriter.Save(this, path);

    /// <summary>The model as bytes, for a runtime that finds its external data by <see cref="Path"/>; joined weights are inside.</summary>
    public byte[] ToByteArray()
    {
        if (!ExternalTensors.Of(Proto).Any(JoinedTensor.Is)) return Proto.ToByteArray();
        var copy = Proto.Clone();
        foreach (var tensor in ExternalTensors.Of(copy).Where(JoinedTensor.Is).ToList())
        {
            var bytes = External!.Bytes(tensor) ?? throw new OnnxModelException(Path, $"has the weight '{tensor.Name}' of more than 2 GiB, which only a saved model can hold");
            tensor.RawData = UnsafeByteOperations.UnsafeWrap(bytes.Span.ToArray());
            tensor.ExternalData.Clear();
            tensor.ClearDataLocation();
        }
        return copy.ToByteArray();
    }

    /// <summary>Version imported for a domain, 0 when it is not imported.</summary>
    public long Opset(string domain) =>
        Proto.OpsetImport.FirstOrDefault(o => (o.Domain == "ai.onnx" ? "" : o.Domain) == domain)?.Version ?? 0;

    /// <summary>A deep copy that shares the mapped weight files' location, not the graph view.</summary>
    public OnnxModel Clone() => new(Proto.Clone(), Path);

    /// <summary>Drops the graph view after the protobuf was changed directly; the next use of <see cref="Graph"/> builds it anew.</summary>
    public void Invalidate() => graph = null;
}
