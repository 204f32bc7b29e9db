namespace FlashRt.Validation;

/// <summary>One fused op against the subgraph that it replaced, on the inputs that it gets in the model.</summary>
/// <param name="Op">The op.</param>
/// <param name="Name">Name of the fused node.</param>
/// <param name="Passed">Every output is within tolerance.</param>
/// <param name="MaxAbs">The largest of its outputs'.</param>
/// <param name="MaxRel">The largest of its outputs'.</param>
/// <param name="Cosine">The smallest of its outputs'.</param>
/// <param name="Outputs">Each output that the node has.</param>
/// <param name="Error">Why the site could not be run or compared; null when it was.</param>
public sealed record SiteComparison(
    string Op, string Name, bool Passed, double MaxAbs, double MaxRel, double Cosine, IReadOnlyList<OutputComparison> Outputs, string? Error)
{
    internal static SiteComparison Of(string op, string name, IReadOnlyList<OutputComparison> outputs) =>
        new(op, name, outputs.All(o => o.Passed), outputs.Max(o => o.MaxAbs), outputs.Max(o => o.MaxRel), outputs.Min(o => o.Cosine), outputs, null);

    internal static SiteComparison Failed(string op, string name, string error) => new(op, name, false, 0, 0, 0, [], error);
}
