namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Brings the graph into the form that rules are written for: runs the canonical passes in turn until a whole round changes nothing,
/// and notes what each of them did.
/// </summary>
public sealed class Canonicalize(IReadOnlyList<IPass> passes) : IPass
{
    // Every pass takes something away or makes it a constant; this only stops passes that would undo each other.
    private const int MostRounds = 50;

    /// <inheritdoc/>
    public string Name => "Canonical form";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var total = 0;
        for (var round = 0; round < MostRounds; round++)
        {
            var before = total;
            foreach (var pass in passes)
            {
                var changes = pass.Run(context);
                if (changes > 0) context.Canonical[pass.Name] = context.Canonical.GetValueOrDefault(pass.Name) + changes;
                total += changes;
            }
            if (total == before) break;
        }
        return total;
    }
}
