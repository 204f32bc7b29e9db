using System.Globalization;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>
/// A tensor made of others side by side that no file holds yet: row r is row r of each part, one after the other. The protobuf keeps it
/// as an external tensor whose entries name the parts, so that copies of a model keep it; <see cref="JoinedFile"/> writes it when the
/// model is saved.
/// </summary>
/// <param name="Rows">Rows of each part; 1 where the parts simply follow each other.</param>
/// <param name="Parts">The external tensors, by location, offset and length.</param>
internal sealed record JoinedTensor(long Rows, IReadOnlyList<TensorProto> Parts)
{
    private const string RowsKey = "flashrt.rows";

    public static bool Is(TensorProto tensor) => ExternalData.IsExternal(tensor) && tensor.ExternalData is [{ Key: RowsKey }, ..];

    /// <summary>The parts of a joined tensor, or null for any other tensor.</summary>
    public static JoinedTensor? Of(TensorProto tensor)
    {
        if (!Is(tensor)) return null;
        var parts = new List<TensorProto>();
        foreach (var entry in tensor.ExternalData.Skip(1))
        {
            if (entry.Key == "location") parts.Add(new TensorProto { Name = tensor.Name, DataLocation = TensorProto.Types.DataLocation.External });
            parts[^1].ExternalData.Add(entry);
        }
        return new JoinedTensor(long.Parse(tensor.ExternalData[0].Value, CultureInfo.InvariantCulture), parts);
    }

    /// <summary>What makes two joined tensors the same bytes.</summary>
    public static string Key(TensorProto tensor) => string.Join('\n', tensor.ExternalData.Select(e => $"{e.Key} {e.Value}"));

    /// <summary>Joins matrices of one element type along an axis. All of them lie in the model, or all of them in files.</summary>
    public static TensorProto Make(string name, IReadOnlyList<Value> matrices, int axis, ExternalData? external)
    {
        var dims = matrices[0].Initializer!.Dims.ToArray();
        var rows = axis == 0 ? 1 : dims[0];
        dims[axis] = matrices.Sum(m => m.Initializer!.Dims[axis]);
        if (!ExternalData.IsExternal(matrices[0].Initializer!))
            return ConstantTensor.Joined(matrices[0].Type, dims, rows, [.. matrices.Select(m => m.Constant!)]).ToProto(name);

        var tensor = new TensorProto { Name = name, DataType = (int)matrices[0].Type, DataLocation = TensorProto.Types.DataLocation.External };
        tensor.Dims.AddRange(dims);
        Add(RowsKey, rows.ToString(CultureInfo.InvariantCulture));
        foreach (var part in matrices.Select(m => m.Initializer!))
        {
            Add("location", ExternalData.Entry(part, "location")!);
            Add("offset", ExternalData.Entry(part, "offset") ?? "0");
            Add("length", external!.Locate(part).Length.ToString(CultureInfo.InvariantCulture));
        }
        return tensor;

        void Add(string key, string value) => tensor.ExternalData.Add(new StringStringEntryProto { Key = key, Value = value });
    }
}
