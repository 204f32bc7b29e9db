using System.Text.Encodings.Web;
using System.Text.Json;
using FlashRt.Onnx.Catalog;

namespace FlashRt.GraphRewriter.Capture;

/// <summary>Whether a model can be captured in a CUDA graph, and what is doubtful about its replays.</summary>
public sealed record PreflightReport(string Model)
{
    private static readonly JsonSerializerOptions Style = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What prevents a capture.</summary>
    public required IReadOnlyList<PreflightIssue> Blockers { get; init; }

    /// <summary>What is captured, but replayed wrongly once another run came in between.</summary>
    public required IReadOnlyList<PreflightIssue> Unsafe { get; init; }

    /// <summary>What keeps in every replay the value that it had at the capture.</summary>
    public required IReadOnlyList<PreflightIssue> Frozen { get; init; }

    /// <summary>Axes without a size; a graph holds one size.</summary>
    public required IReadOnlyList<string> DynamicAxes { get; init; }

    /// <summary>Nodes that compute with shapes on the CPU; they do not run in a replay, which has the shapes of the capture.</summary>
    public required int ShapeNodes { get; init; }

    /// <summary>Nodes in the graph.</summary>
    public required int Nodes { get; init; }

    /// <summary>Whether ONNX Runtime captures the model.</summary>
    public bool Capturable => Blockers.Count == 0;

    /// <summary>Whether every replay gives what a plain run gives.</summary>
    public bool Safe => Capturable && Unsafe.Count == 0 && Frozen.Count == 0;

    /// <summary>The report for scripts.</summary>
    public string ToJson() => JsonSerializer.Serialize(new
    {
        model = Model,
        onnxruntime = CaptureHazards.Described.ToString(),
        capturable = Capturable,
        safe = Safe,
        nodes = Nodes,
        shape_nodes = ShapeNodes,
        dynamic_axes = DynamicAxes,
        blockers = Blockers.Select(Issue),
        @unsafe = Unsafe.Select(Issue),
        frozen = Frozen.Select(Issue),
    }, Style);

    private static object Issue(PreflightIssue i) => new { node = i.Node, op = i.Op, reason = i.Reason, advice = i.Advice };
}
