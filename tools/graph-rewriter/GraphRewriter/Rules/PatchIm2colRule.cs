using FlashRt.GraphRewriter.Passes;
using FlashRt.GraphRewriter.Patterns;

namespace FlashRt.GraphRewriter.Rules;

/// <summary>
/// <c>reshape(transpose(reshape(x)))  →  PatchIm2col(x)</c> where the images x are cut into square patches and each becomes a row, in the
/// order of its pixels or channel by channel. A Transpose that only puts the channels first goes too: the op reads both layouts.
/// </summary>
public sealed class PatchIm2colRule : IRule
{
    internal const string RuleName = "PatchIm2col";

    private static readonly Pattern Cut = new Op("Reshape", [new Var("images")]) { MoreInputs = true, MayStay = true };

    /// <inheritdoc/>
    public string Name => RuleName;

    /// <inheritdoc/>
    public Pattern Source { get; } = new Op("Reshape", [new Op("Transpose", [Cut])]) { MoreInputs = true }
        .Where(n => PatchRows.Read(n) is not null, "a Reshape to rows of patches");

    /// <inheritdoc/>
    public string? Reject(Match match)
    {
        var rows = PatchRows.Read(match.Root.Producer!)!;
        return Norms.TypeProblem(match.Root, rows.Images)
            ?? (rows.Height != rows.Width ? $"patches of {rows.Height}x{rows.Width} are not square" : null);
    }

    /// <inheritdoc/>
    public Fusion Replace(Match match, FusionBuilder builder)
    {
        var rows = PatchRows.Read(match.Root.Producer!)!;
        List<(string Name, object Value)> attributes = [("patch_size", rows.Height)];
        if (rows.ChannelsFirst) attributes.Add(("layout", "NCHW"));
        if (rows.PlanesInOrder) attributes.Add(("patch_order", "CHW"));
        if (rows.ByImage) attributes.Add(("output_layout", "images"));
        return new Fusion("PatchIm2col", [rows.Images], [match.Root]) { Attributes = attributes };
    }
}
