using FlashRt.GraphRewriter.Capture;
using FlashRt.GraphRewriter.Rules;

namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// Replaces what ONNX Runtime captures unsafely and no fusion took: data movement that would run on CUDA. What works with shapes stays,
/// since it runs on the CPU or is folded.
/// </summary>
public sealed class CaptureSafe : IPass
{
    private static readonly IRule[] Rules = [new ConcatRule(), new SplitRule(), new ScatterRule()];

    /// <inheritdoc/>
    public string Name => "Make safe to capture";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var placement = new Placement(context.Model.Graph);
        var onCuda = context.Model.Graph.Nodes.Where(n => placement[n] == NodePlace.Cuda && Preflight.IsStaged(n)).ToHashSet();
        if (onCuda.Count == 0) return 0;
        RulePass[] passes = [.. Rules.Select(r => new RulePass(r, onCuda.Contains))];
        var changes = passes.Sum(p => p.Run(context));
        foreach (var pass in passes) pass.Explain(context);
        return changes;
    }
}
