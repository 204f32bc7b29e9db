using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Rules.Merging;

/// <summary><c>GatedActivation(x · G, x · U)  →  GatedActivation(x · [G | U])</c></summary>
internal sealed class MergedGate : IMergeable
{
    /// <inheritdoc/>
    public (Action<MergeEdit>? Change, string? Reason) Read(Node node)
    {
        if (node is not { OpType: "GatedActivation", Domain: FusedSites.Domain } || node.Input(1) is not { } up) return default;
        var gate = node.Inputs[0]!;
        Projection? first = Projection.Of(gate), second = Projection.Of(up);
        if (first is null && second is null) return default;
        if (first is null || second is null) return (null, $"'{(first is null ? gate : up).Name}' is no product of rows with a stored matrix");
        var (merge, reason) = Merge.Of(first, second);
        reason ??= Packing.OutsideReader(merge!.Outputs, [node]) ?? Packing.BodyProblem(node);
        if (reason is not null) return (null, reason);
        return (edit =>
        {
            var merged = merge!.Apply(edit);
            edit.Replace(node, [merged], node.Proto.Attribute.Where(a => a.Name != "order"),
                [.. Packing.Unpack(node.Outputs[0]!, merged, merge.Outputs, merge.Columns), .. SiteBody.Expand(node, edit.Model.Proto)]);
        }, null);
    }
}
