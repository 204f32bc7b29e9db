using System.Globalization;

namespace FlashRt.Validation;

/// <summary>Test data in ONNX's own layout: FOLDER/test_data_set_N/{input,output}_K.pb, each a TensorProto.</summary>
public static class TestData
{
    private const string Prefix = "test_data_set_";

    /// <summary>
    /// Reads every data set below <paramref name="folder"/>, or the folder itself when it is one. Tensors are matched by their name; a
    /// file without a name stands for the graph input or output of its number.
    /// </summary>
    public static IReadOnlyList<TestDataSet> Read(string folder, OnnxModel model)
    {
        if (!Directory.Exists(folder)) throw new ValidationException($"{folder}: no such folder; expected one with {Prefix}N folders.");
        var sets = Sets(folder).OrderBy(d => d == folder ? 0 : Number(d, Prefix)).ToList();
        if (sets.Count == 0) throw new ValidationException($"{folder}: holds no {Prefix}N folder with input_K.pb files.");

        var graph = model.Proto.Graph;
        string[] inputs = [.. graph.Input.Select(i => i.Name).Except(graph.Initializer.Select(i => i.Name))];
        string[] outputs = [.. graph.Output.Select(o => o.Name)];
        return [.. sets.Select(set => new TestDataSet(
            Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(set))), Tensors(set, "input_", inputs), Tensors(set, "output_", outputs)))];
    }

    /// <summary>The folders below <paramref name="folder"/> that are data sets, or itself when it is one; in no order.</summary>
    public static IReadOnlyList<string> Sets(string folder) => Directory.GetDirectories(folder, Prefix + "*") is { Length: > 0 } sets ? sets
        : Directory.EnumerateFiles(folder, "input_*.pb").Any() ? [folder] : [];

    /// <summary>The files of those sets, in no order.</summary>
    public static IReadOnlyList<string> Files(string folder) => [.. Sets(folder).SelectMany(set => Directory.GetFiles(set, "*.pb"))];

    /// <summary>Writes a data set as <paramref name="folder"/>/NAME with one file for each tensor.</summary>
    public static void Write(string folder, TestDataSet set)
    {
        var path = Directory.CreateDirectory(Path.Combine(folder, set.Name)).FullName;
        foreach (var (prefix, tensors) in new[] { ("input_", set.Inputs), ("output_", set.Outputs) })
            foreach (var (index, (name, tensor)) in tensors.Index())
                TensorFile.Write(Path.Combine(path, $"{prefix}{index}.pb"), name, tensor);
    }

    private static Dictionary<string, HostTensor> Tensors(string set, string prefix, string[] names)
    {
        var tensors = new Dictionary<string, HostTensor>(StringComparer.Ordinal);
        foreach (var file in Directory.GetFiles(set, prefix + "*.pb").OrderBy(f => Number(f, prefix)))
        {
            var (name, tensor) = TensorFile.Read(file);
            if (name.Length == 0)
            {
                var number = Number(file, prefix);
                name = number < names.Length ? names[number]
                    : throw new ValidationException($"{file}: has no name, and the graph has only {names.Length} of its kind.");
            }
            if (!tensors.TryAdd(name, tensor)) throw new ValidationException($"{file}: is the second file for '{name}'.");
        }
        return tensors;
    }

    private static int Number(string path, string prefix)
    {
        var text = Path.GetFileNameWithoutExtension(path)[prefix.Length..];
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : throw new ValidationException($"{path}: '{text}' is not a number; expected {prefix}N.");
    }
}
