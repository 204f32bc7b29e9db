namespace FlashRt.GraphRewriter.Passes;

/// <summary>Takes out the constants that fusions released and the type notes of values that no longer exist.</summary>
public sealed class DropUnused : IPass
{
    /// <inheritdoc/>
    public string Name => "Drop unused constants";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var before = context.Model.Proto.Graph.Initializer.Count;
        context.Model.Graph.Forget(v => v.Producer is null && v.Uses.Count == 0 && !v.IsInput && !v.IsOutput
            && (v.Initializer is null || context.Released.Contains(v.Name)));
        return before - context.Model.Proto.Graph.Initializer.Count;
    }
}
