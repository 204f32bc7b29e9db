using System.Globalization;
using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter;

/// <summary>Takes a rewrite back: every fused node becomes the nodes of its function again.</summary>
public static class Restorer
{
    /// <summary>Restores the model in place; returns how many fused nodes it expanded, 0 for a model that was not rewritten.</summary>
    /// <exception cref="OnnxModelException">A fused node has no function, or is not in the main graph; the model is as it was.</exception>
    public static int Restore(OnnxModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        var proto = model.Proto;
        var sites = FusedSites.Of(model);
        if (sites.FirstOrDefault(s => s.Body is null) is { } bare)
            throw new OnnxModelException(model.Path, $"cannot be restored: node '{bare.Name}' ({bare.Op}) has no function; the model was rewritten without fallback");
        if (Inner(proto).FirstOrDefault(n => n.Domain == FusedSites.Domain) is { } inner)
            throw new OnnxModelException(model.Path, $"cannot be restored: node '{inner.Name}' ({inner.OpType}) is in a branch, a loop or a function; fused nodes are put back in the main graph only");

        var restored = new Restored(proto.Graph);
        foreach (var node in proto.Graph.Node.Where(n => n.Domain != FusedSites.Domain)) restored.Keep(node);
        foreach (var site in sites)
        {
            foreach (var node in FunctionCall.Inline(site.Node, site.Body!)) restored.Add(node);
            restored.Notes(site.Body!.ValueInfo);
            proto.Functions.Remove(site.Body);
        }
        restored.Store();
        for (var i = proto.OpsetImport.Count - 1; i >= 0 && sites.Count > 0; i--)
            if (proto.OpsetImport[i].Domain == FusedSites.Domain) proto.OpsetImport.RemoveAt(i);
        if (proto.MetadataProps.FirstOrDefault(m => m.Key == StateVersions.OriginalIr) is { } ir)
        {
            proto.IrVersion = long.Parse(ir.Value, CultureInfo.InvariantCulture);
            proto.MetadataProps.Remove(ir);
        }
        model.Invalidate();
        _ = model.Graph.Nodes;  // puts the nodes in order
        return sites.Count;
    }

    private static IEnumerable<NodeProto> Inner(ModelProto model) =>
        model.Graph.Node.SelectMany(Below).Concat(model.Functions.SelectMany(f => f.Node).SelectMany(n => Below(n).Prepend(n)));

    private static IEnumerable<NodeProto> Below(NodeProto node) => Captured.Subgraphs(node).SelectMany(g => g.Node).SelectMany(n => Below(n).Prepend(n));
}
