namespace FlashRt.GraphRewriter.Passes;

/// <summary>What passes share during one rewrite.</summary>
public sealed class PassContext
{
    internal PassContext(OnnxModel model, RewriteOptions options) => (Model, Options) = (model, options);

    /// <summary>The model under rewriting.</summary>
    public OnnxModel Model { get; }

    /// <summary>The caller's wishes.</summary>
    public RewriteOptions Options { get; }

    /// <summary>Names of initializers that fusions read; those left without a reader are dropped at the end.</summary>
    internal HashSet<string> Released { get; } = new(StringComparer.Ordinal);

    /// <summary>How many places each canonical pass changed.</summary>
    internal SortedDictionary<string, int> Canonical { get; } = new(StringComparer.Ordinal);

    /// <summary>What --repair changed.</summary>
    internal List<Repair> Repairs { get; } = [];

    /// <summary>Names of values whose type the model notes; null until somebody asks.</summary>
    internal HashSet<string>? Noted { get; set; }

    /// <summary>Matches that could not be replaced, for the report.</summary>
    internal List<UnfusedSite> NotFused { get; } = [];
}
