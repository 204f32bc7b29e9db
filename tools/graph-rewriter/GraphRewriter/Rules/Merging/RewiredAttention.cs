using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Rules.Merging;

/// <summary>An attention that reads merged rows [.., S, N·D] where it read heads with axes of their own.</summary>
internal static class RewiredAttention
{
    public static void Apply(MergeEdit edit, Node attention, IReadOnlyList<(HeadRows Heads, string Rows)> changed)
    {
        string[] inputs = [.. attention.Proto.Input];
        var call = attention.Proto.Clone();
        var body = new List<NodeProto>();
        foreach (var (heads, rows) in changed)
        {
            var (name, nodes) = heads.Split(rows);
            (inputs[heads.Input], call.Input[heads.Input]) = (rows, name);
            body.AddRange(nodes);
        }
        body.AddRange(FunctionCall.Inline(call, FunctionCall.Find(edit.Model.Proto, attention.Proto)!));
        edit.Replace(attention, inputs, Attributes(attention, [.. changed.Select(c => c.Heads.Input)]), body);
    }

    // The result keeps its axes: what was "as the queries" is named where the queries have lost theirs.
    private static IEnumerable<AttributeProto> Attributes(Node attention, IReadOnlyCollection<int> changed)
    {
        bool hasAxes = Enumerable.Range(0, 3).Any(i => !changed.Contains(i) && attention.Input(i)?.Shape is { Rank: 4 }), queries = changed.Contains(0);
        var output = attention.Text("output_layout", "same");
        foreach (var attribute in attention.Proto.Attribute)
            if (attribute.Name is "layout" ? hasAxes : attribute.Name != "output_layout" || !queries) yield return attribute;
        if (queries && output != "merged") yield return Ir.Attributes.Make("output_layout", output == "same" ? attention.Text("layout", "BSNH") : output);
    }
}
