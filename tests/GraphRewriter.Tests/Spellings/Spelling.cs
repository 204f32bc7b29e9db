namespace FlashRt.GraphRewriter.Tests.Spellings;

/// <summary>A way to write a formula as a graph, and the graph that the rewriter makes of it.</summary>
public sealed record Spelling(string Name, Func<OnnxModel> Model, string Golden)
{
    public override string ToString() => Name;

    /// <summary>What the rules make of a model, products merged or not.</summary>
    public static string Rewritten(OnnxModel model, out RewriteReport report, bool merge = false)
    {
        report = Rewriter.Rewrite(model, new RewriteOptions { CaptureSafe = false, MergeProjections = merge });
        return GraphText.Of(model).Trim();
    }
}
