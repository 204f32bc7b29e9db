namespace FlashRt.Samples.Demo;

/// <summary>Which models are shown.</summary>
internal static class DemoArguments
{
    public static (string Folder, IReadOnlyList<string> Names) Parse(string[] args)
    {
        string? folder = null;
        var names = new List<string>();
        for (var i = 0; i < args.Length; i++)
        {
            if (args[i] == "--models") folder = i + 1 < args.Length ? args[++i] : throw new ArgumentException("--models needs a folder.");
            else if (args[i].StartsWith('-')) throw new ArgumentException($"Unknown option '{args[i]}'. usage: Demo [--models FOLDER] [NAME...]");
            else names.Add(args[i]);
        }
        folder ??= Repository();
        string[] present = Directory.Exists(folder)
            ? [.. Directory.GetFiles(folder, "model.onnx", new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 })
                .Select(f => Path.GetFileName(Path.GetDirectoryName(f)!)).Order(StringComparer.Ordinal)]
            : throw new ArgumentException($"{folder}: no such folder.");
        if (present.Length == 0) throw new ArgumentException($"{folder}: holds no NAME/model.onnx.");
        if (names.FirstOrDefault(n => !present.Contains(n)) is { } unknown)
            throw new ArgumentException($"{folder} holds no model '{unknown}'; it has {string.Join(", ", present)}.");
        return (folder, names.Count > 0 ? names : present);
    }

    // models/ beside FlashRt.sln, above the working directory or above the program.
    private static string Repository()
    {
        foreach (var start in new[] { Environment.CurrentDirectory, AppContext.BaseDirectory })
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
                if (File.Exists(Path.Combine(folder.FullName, "FlashRt.sln"))) return Path.Combine(folder.FullName, "models");
        throw new ArgumentException("The repository is not above this program; name a folder with --models.");
    }
}
