namespace FlashRt.GraphRewriter.Tests.Spellings;

/// <summary>A way to write a formula as a graph, and the graph that the rewriter makes of it.</summary>
public sealed record Spelling(string Name, Func<OnnxModel> Model, string Golden)
{
    public override string ToString() => Name;

    public static string Rewritten(OnnxModel model, out RewriteReport report)
    {
        report = Rewriter.Rewrite(model, new RewriteOptions { CaptureSafe = false });
        return GraphText.Of(model).Trim();
    }
}
