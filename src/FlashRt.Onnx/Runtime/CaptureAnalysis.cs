using System.Text.RegularExpressions;
using FlashRt.Onnx.Catalog;
using FlashRt.Onnx.Native;

namespace FlashRt.Onnx.Runtime;

/// <summary>Says which nodes and inputs prevent CUDA graph capture or make replays doubtful.</summary>
internal static partial class CaptureAnalysis
{
    private const string CudaProvider = "CUDAExecutionProvider";

    /// <summary>Whether an error at opening is ONNX Runtime's refusal to capture.</summary>
    internal static bool IsRefusal(FlashRtException error) => error.Message.Contains("graph capture", StringComparison.OrdinalIgnoreCase);

    /// <summary>Opens the model without CUDA graphs to see where its nodes are placed, and says which of them prevent the capture.</summary>
    internal static CaptureException Refused(ModelSource model, FlashRtOptions options, FlashRtException error)
    {
        IReadOnlyList<CaptureIssue> blockers;
        try
        {
            using FlashRtSession plain = FlashRtSession.Open(model, options with { CudaGraph = false, RecordPlacements = true, Provider = FlashRtProvider.Cuda });
            blockers = Blockers(plain.NodePlacements);
        }
        catch (FlashRtException other)
        {
            blockers = [new("", "", $"the nodes are not known, because the model cannot be opened without CUDA graphs either: {other.Message}")];
        }
        return new($"{model.Name} cannot be captured into a CUDA graph. Change these nodes, or open it without CudaGraph. ({error.Message})", blockers, error);
    }

    /// <summary>Nodes that prevent a capture.</summary>
    internal static IReadOnlyList<CaptureIssue> Blockers(IEnumerable<NodePlacement> placements)
    {
        var issues = new List<CaptureIssue>();
        foreach (NodePlacement node in placements)
        {
            if (node.Domain.Length == 0 && CaptureHazards.IsControlFlow(node.OpType))
                issues.Add(new(node.Node, node.OpType, CaptureHazards.ControlFlowReason));
            else if (node.Provider != CudaProvider)
                issues.Add(new(node.Node, node.OpType, $"runs on {node.Provider}; a graph holds GPU work only, with no copy between CPU and GPU"));
        }
        return issues;
    }

    /// <summary>Nodes and inputs whose replay may be wrong.</summary>
    internal static IReadOnlyList<CaptureIssue> Risks(IEnumerable<NodePlacement> placements, IEnumerable<TensorInfo> inputs)
    {
        var issues = new List<CaptureIssue>();
        foreach (TensorInfo input in inputs.Where(i => !i.Device.IsCuda))
            issues.Add(new(input.Name, "", "the CPU reads this input, so replays keep the value that it had at capture"));
        foreach (NodePlacement node in placements.Where(n => n.Provider != CudaProvider))
            issues.Add(new(node.Node, node.OpType, "runs on the CPU, so replays keep the result that it had at capture"));
        issues.AddRange(Staged(placements));
        return issues;
    }

    /// <summary>
    /// Nodes whose replay reads staging memory that any other run of the session may reuse: after a capture such a session must run nothing but the replays.
    /// </summary>
    internal static IReadOnlyList<CaptureIssue> Staged(IEnumerable<NodePlacement> placements)
    {
        string version = OrtFunctions.Version();
        if (!Version.TryParse(version.Split('-')[0], out Version? parsed) || parsed >= CaptureHazards.StagingFixed) return [];
        return [.. placements.Where(n => n.Provider == CudaProvider && n.Domain.Length == 0 && CaptureHazards.StagesAddresses(n.OpType))
            .Select(n => new CaptureIssue(n.Node, n.OpType, CaptureHazards.StagedReason(version)))];
    }

    /// <summary>A capture that failed while the model ran.</summary>
    internal static CaptureException Failed(FlashRtSession session, FlashRtException error)
    {
        Match node = FailedNode().Match(error.Message);
        CaptureIssue[] failed = node.Success ? [new(node.Groups["name"].Value, node.Groups["op"].Value, "failed during the capture")] : [];
        return new($"The CUDA graph could not be captured. {error.Message} Open the session again without CudaGraph.", [.. failed, .. session.RisksInRun], error);
    }

    [GeneratedRegex("while running (?<op>\\S+) node\\. Name:'(?<name>[^']*)'")]
    private static partial Regex FailedNode();
}
