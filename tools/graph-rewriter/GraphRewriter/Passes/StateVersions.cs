using System.Globalization;

namespace FlashRt.GraphRewriter.Passes;

/// <summary>States what a model with fused nodes needs: the com.flashrt operator set, and IR version 10 for function overloads.</summary>
public sealed class StateVersions : IPass
{
    /// <summary>Model metadata that holds the IR version before the rewrite.</summary>
    internal const string OriginalIr = "flashrt.original_ir_version";

    private const long OverloadIr = 10;

    /// <inheritdoc/>
    public string Name => "State versions";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var model = context.Model.Proto;
        if (model.Graph.Node.All(n => n.Domain != FusedSites.Domain)) return 0;
        var changes = 0;
        if (context.Model.Opset(FusedSites.Domain) == 0)
        {
            model.OpsetImport.Add(new OperatorSetIdProto { Domain = FusedSites.Domain, Version = 1 });
            changes++;
        }
        if (model.IrVersion < OverloadIr)
        {
            model.MetadataProps.Add(new StringStringEntryProto { Key = OriginalIr, Value = model.IrVersion.ToString(CultureInfo.InvariantCulture) });
            model.IrVersion = OverloadIr;
            changes++;
        }
        return changes;
    }
}
