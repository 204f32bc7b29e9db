namespace FlashRt.GraphRewriter.Passes;

/// <summary>Leaves the functions out: a smaller file that needs our library and cannot be restored.</summary>
public sealed class DropBodies : IPass
{
    /// <inheritdoc/>
    public string Name => "Drop fallbacks";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var functions = context.Model.Proto.Functions;
        FunctionProto[] kept = [.. functions.Where(f => f.Domain != FusedSites.Domain)];
        var dropped = functions.Count - kept.Length;
        functions.Clear();
        functions.AddRange(kept);
        return dropped;
    }
}
