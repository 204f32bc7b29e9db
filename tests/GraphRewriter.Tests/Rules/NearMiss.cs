namespace FlashRt.GraphRewriter.Tests.Rules;

/// <summary>A graph that almost is a rule's formula; it must stay as it is, and the report must say why.</summary>
public sealed record NearMiss(string Name, Func<OnnxModel> Model, string Rule, string Reason)
{
    public override string ToString() => Name;

    public void Check()
    {
        var model = Model();
        var canonical = Model();
        Rewriter.Rewrite(canonical, new RewriteOptions { Rules = [] });
        var report = Rewriter.Rewrite(model, new RewriteOptions { Rules = [.. DefaultPipeline.Rules.Where(r => r.Name == Rule || Needs(r.Name))] });
        var reasons = report.NotFused.Where(n => n.Rule == Rule).Select(n => n.Reason).ToList();
        Assert.IsFalse(FusedSites.Of(model).Any(s => s.Rule == Rule), $"fused to\n{GraphText.Of(model)}");
        Assert.IsTrue(reasons.Any(r => r.Contains(Reason, StringComparison.Ordinal)), $"'{Reason}' is not among the reasons: {string.Join(" | ", reasons)}");
        if (report.Sites.Count == 0) Assert.AreEqual(canonical.Proto, model.Proto, "a model without sites must not change beyond its canonical form");
    }

    // Rules that build on others need those.
    private bool Needs(string other) => Rule switch
    {
        "AddRmsNorm" or "AdaRmsNorm" => other == "RmsNorm",
        "AddLayerNorm" or "AdaLayerNorm" => other == "LayerNorm",
        "GatedActivation" or "GeluBias" or "GemmActivation" => other == "Gelu",
        _ => false,
    };
}
