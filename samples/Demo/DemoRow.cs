using FlashRt.GraphRewriter;
using FlashRt.Validation;

namespace FlashRt.Samples.Demo;

/// <summary>What was found for one model.</summary>
internal sealed record DemoRow(string Model, RewriteReport Rewrite, ValidationReport Proof, BenchReport Before, BenchReport After)
{
    public bool Passed => Proof.Passed;
}
