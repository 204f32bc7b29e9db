using FlashRt.GraphRewriter.Ir.Inference;

namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// Refuses a model that ONNX Runtime would refuse for the types of a node that no rule took in, before it is written, with the node named.
/// </summary>
public sealed class CheckTypes : IPass
{
    /// <inheritdoc/>
    public string Name => "Check types";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        foreach (var node in context.Model.Graph.Nodes)
            if (TypeCheck.Problem(node, runtime: true) is { } problem) throw new OnnxModelException(context.Model.Path, problem);
        return 0;
    }
}
