using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter;

/// <summary>Rewrites models to FlashRT operators.</summary>
public static class Rewriter
{
    /// <summary>
    /// Rewrites the model in place and says what became of every place that looked fusable. The graph's interface (names and types of
    /// inputs and outputs) stays; rewriting a second time changes nothing.
    /// </summary>
    /// <exception cref="OnnxModelException">The model is one that a rewrite may not touch, or the options do not fit it; the model may be
    /// half rewritten then, and is to be loaded again.</exception>
    public static RewriteReport Rewrite(OnnxModel model, RewriteOptions options, IProgress<RewriteProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        var before = model.Graph.Nodes.Count;
        var context = new PassContext(model, options);
        var passes = DefaultPipeline.Passes(options);
        IReadOnlyList<FusedSite> sites = [];
        for (var i = 0; i < passes.Count; i++)
        {
            if (passes[i] is DropBodies) sites = FusedSites.Of(model);
            var changes = passes[i].Run(context);
            progress?.Report(new RewriteProgress(passes[i].Name, i + 1, passes.Count, changes));
        }
        if (sites.Count == 0) sites = FusedSites.Of(model);
        return new RewriteReport(model.Path ?? "", before, model.Graph.Nodes.Count, sites, context.NotFused) { Canonical = context.Canonical, Repairs = context.Repairs };
    }
}
