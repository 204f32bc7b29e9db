namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// Refuses models of versions that the passes and rules were not written for: before operator set 13 the same operator means something else
/// (Softmax, Squeeze), and one after 24 may mean something else again.
/// </summary>
public sealed class CheckVersions : IPass
{
    private const long OldestOpset = 13, NewestOpset = 24, NewestIr = 13;

    /// <inheritdoc/>
    public string Name => "Check versions";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        if (Problem(context.Model.Proto) is { } problem) throw new OnnxModelException(context.Model.Path, problem);
        return 0;
    }

    private static string? Problem(ModelProto model)
    {
        long[] opsets = [.. model.OpsetImport.Where(o => o.Domain is "" or "ai.onnx").Select(o => o.Version)];
        return opsets switch
        {
            [] => $"imports no standard operator set; expected one of {OldestOpset} to {NewestOpset}",
            [_, _, ..] => $"imports the standard operator set twice ({string.Join(" and ", opsets)}); expected one",
            [< OldestOpset] => $"has operator set {opsets[0]}; flashrt rewrites {OldestOpset} to {NewestOpset}. Export it again with a later one, or convert it with onnx.version_converter",
            [> NewestOpset] => $"has operator set {opsets[0]}; flashrt rewrites {OldestOpset} to {NewestOpset}. Export it again with an earlier one",
            _ when model.IrVersion > NewestIr => $"has IR version {model.IrVersion}; flashrt rewrites models up to {NewestIr}. Export it again for an earlier one",
            _ when model.TrainingInfo.Count > 0 => "holds training information, which would no longer fit the rewritten graph; export it for inference",
            _ => null,
        };
    }
}
