using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter;

/// <summary>The fused nodes of a rewritten model.</summary>
public static class FusedSites
{
    /// <summary>The domain of FlashRT's operators.</summary>
    public const string Domain = "com.flashrt";

    /// <summary>Every fused node in graph order, with its body where the model has it.</summary>
    public static IReadOnlyList<FusedSite> Of(OnnxModel model) =>
        [.. model.Graph.Nodes.Where(n => n.Domain == Domain).Select(n => Site(n, FunctionCall.Find(model.Proto, n.Proto)))];

    private static FusedSite Site(Node node, FunctionProto? body) =>
        new(node.OpType, node.Name, Originals(body), node.Proto.Overload, node.Proto.MetadataProps.FirstOrDefault(m => m.Key == SiteBody.RuleKey)?.Value ?? "")
        {
            Node = node.Proto,
            Body = body,
        };

    private static string[] Originals(FunctionProto? body) => body is null ? [] :
        [.. body.Node.Where(n => !SiteBody.IsStoredTensor(n)).Select(n => n.Name.Length > 0 ? n.Name : n.Output[0])];
}
