using System.Reflection;

namespace FlashRt.TestKit;

/// <summary>Finds files of the source tree.</summary>
public static class Repository
{
    /// <summary>The folder of FlashRt.sln: above the working directory, above the test's binaries, or where the tests were built.</summary>
    public static string Root { get; } = Find();

    /// <summary>A path below the root.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string Find()
    {
        var built = typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(a => a.Key == "RepositoryRoot")?.Value;
        foreach (var start in new[] { Environment.CurrentDirectory, AppContext.BaseDirectory, built })
            for (var folder = start; !string.IsNullOrEmpty(folder); folder = Path.GetDirectoryName(folder))
                if (File.Exists(Path.Combine(folder, "FlashRt.sln")))
                    return folder;
        throw new DirectoryNotFoundException("FlashRt.sln is neither above the working directory nor above the test binaries. Run the tests from within the repository.");
    }
}
