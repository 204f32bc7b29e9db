using FlashRt.TestKit;

namespace FlashRt.Onnx.Catalog.Tests;

[TestClass]
public sealed class MarkdownWriterTests
{
    [TestMethod]
    public void OpsDocumentIsCurrent() => AssertCurrent("ops.md", MarkdownWriter.Ops(OpCatalog.Document));

    [TestMethod]
    public void CoverageDocumentIsCurrent() => AssertCurrent("catalog-coverage.md", CoverageWriter.Write(OpCatalog.Document));

    private static void AssertCurrent(string name, string expected)
    {
        var path = Path.Combine(Repository.Root, "docs", name);
        if (Environment.GetEnvironmentVariable("FLASHRT_UPDATE_DOCS") == "1")
            File.WriteAllText(path, expected);
        Assert.AreEqual(expected, File.Exists(path) ? File.ReadAllText(path) : "",
            $"docs/{name} is not what the catalog says. Set FLASHRT_UPDATE_DOCS=1 and run these tests once more to rewrite it.");
    }
}
