namespace FlashRt.GraphRewriter.Passes;

/// <summary>Gives every fused node and its function the overload site_0000, site_0001, ... in graph order.</summary>
public sealed class NumberSites : IPass
{
    /// <inheritdoc/>
    public string Name => "Number sites";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var model = context.Model.Proto;
        var sites = model.Graph.Node.Where(n => n.Domain == FusedSites.Domain).Select(n => (Node: n, Body: FunctionCall.Find(model, n))).ToList();
        var changes = 0;
        for (var i = 0; i < sites.Count; i++)
        {
            var overload = $"site_{i:0000}";
            if (sites[i].Node.Overload != overload) changes++;
            sites[i].Node.Overload = overload;
            if (sites[i].Body is { } body) body.Overload = overload;
        }
        if (changes == 0) return 0;
        FunctionProto[] ordered = [.. model.Functions.Where(f => f.Domain != FusedSites.Domain), .. sites.Where(s => s.Body is not null).Select(s => s.Body!)];
        model.Functions.Clear();
        model.Functions.AddRange(ordered);
        return changes;
    }
}
