using FlashRt.GraphRewriter.Tests.Spellings;

namespace FlashRt.Validation.Tests;

/// <summary>Every spelling that a rule fuses computes what it computed before: model and site, against ONNX Runtime without optimisations.</summary>
[TestClass]
public sealed class SpellingNumbersTests
{
    public static IEnumerable<object[]> Spellings => AllSpellings.All.Concat(MergingSpellings.All).Select(s => new object[] { s });

    [TestMethod]
    [DynamicData(nameof(Spellings))]
    public void KeepsTheNumbers(Spelling spelling)
    {
        OnnxModel original = spelling.Model(), rewritten = spelling.Model();
        Rewriter.Rewrite(rewritten, new RewriteOptions());
        var report = Validator.Validate(original, rewritten, new ValidationOptions { Sites = true });
        Assert.IsTrue(report.Passed, report.ToJson());
    }
}
