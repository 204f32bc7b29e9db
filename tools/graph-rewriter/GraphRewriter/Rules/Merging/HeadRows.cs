using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Rules.Merging;

/// <summary>
/// Rotated heads that become merged rows [.., S, N·D]: an attention that alone reads them takes the rows, and anybody else gets a Reshape,
/// where that is all it takes.
/// </summary>
/// <param name="Heads">The heads as they were.</param>
/// <param name="Rank">Rank of the rows.</param>
/// <param name="Input">Which input of an attention they are: 0 for queries, 1 for keys.</param>
internal sealed record HeadRows(Rotated Heads, int Rank, int Input)
{
    private Value Result => Heads.Result;

    /// <summary>True where the heads are merged rows as they are.</summary>
    public bool IsRows => Result.Shape!.Rank == Rank;

    private bool IsHeadsFirst => Heads.Rope.Text("output_layout", "same") is var layout && (layout == "BNSH" || layout == "same" && Heads.Rope.Text("layout", "BSNH") == "BNSH");

    private bool IsOneOrder => !IsHeadsFirst || Result.Shape![1].Value == 1 || Result.Shape[2].Value == 1;

    /// <summary>True where attentions alone read the heads, all of them as the same input.</summary>
    public bool IsForAttention => !IsRows && !Result.IsOutput && Result.Uses.All(u => u.Input == Input && u.Node is { OpType: "Attention", Domain: FusedSites.Domain });

    /// <summary>Why the rows would have to be copied; null when they need not.</summary>
    public string? Problem()
    {
        if (Result.Shape is not { } shape || (shape.Rank != Rank && (shape.Rank != 4 || Rank != 3))) return $"'{Result.Name}' ({Result.Shape}) is not heads of rows";
        if (IsRows) return null;
        if (IsForAttention) return Result.Consumers.Select(AttentionProblem).FirstOrDefault(p => p is not null);
        return IsOneOrder ? null : $"'{Result.Name}' goes as [B, N, S, D] to {Reader()}, and the op gives [B, S, N*D]";
    }

    /// <summary>The name of the rows; the value itself where it is such already.</summary>
    public string Name(MergeEdit edit) => IsRows ? Result.Name : edit.FreeName($"{Result.Name}.rows");

    /// <summary>The nodes of a body from the merged rows before the rotation to those behind it.</summary>
    public IEnumerable<NodeProto> Body(ModelProto model, string rows)
    {
        var before = Heads.Path.SkipLast(1).SelectMany(n => SiteBody.Expand(n, model));
        var rope = Heads.Rope.Proto.Clone();
        // Where a Reshape gives the heads to others, they have their name from there.
        if (!IsRows && !IsForAttention) rope.Output[0] = $"{rows}.turned";
        var body = new FunctionBody(Result);
        if (!IsRows)
        {
            var tokensFirst = IsHeadsFirst ? body.Node("Transpose", [rope.Output[0]], null, ("perm", new long[] { 0, 2, 1, 3 })) : rope.Output[0];
            body.Node("Reshape", [tokensFirst, body.Constant("rows", Integers(0, 0, Heads.Heads * Heads.Size))], rows);
        }
        return [.. before, .. FunctionCall.Inline(rope, FunctionCall.Find(model, Heads.Rope.Proto)!), .. body.Nodes];
    }

    /// <summary>Nodes for the body of an attention that make heads of the rows again, and the name of the heads there.</summary>
    public (string Name, IReadOnlyList<NodeProto> Nodes) Split(string rows)
    {
        var body = new FunctionBody(Result);
        var name = $"{rows}.heads";
        var shape = body.Constant("heads", Integers(0, 0, Heads.Heads, Heads.Size));
        if (IsHeadsFirst) body.Node("Transpose", [body.Node("Reshape", [rows, shape])], name, ("perm", new long[] { 0, 2, 1, 3 }));
        else body.Node("Reshape", [rows, shape], name);
        return (name, body.Nodes);
    }

    /// <summary>A Reshape that gives the heads to who is no attention: with one head or one token the order of the elements is the same.</summary>
    public NodeProto Reshape(MergeEdit edit, string rows)
    {
        long[] shape = !IsHeadsFirst ? [0, 0, Heads.Heads, Heads.Size] : Result.Shape![1].Value == 1 ? [0, 1, -1, Heads.Size] : [0, Heads.Heads, 1, Heads.Size];
        var node = new NodeProto { OpType = "Reshape", Name = $"{rows}.heads" };
        node.Input.AddRange([rows, edit.Integers(shape)]);
        node.Output.Add(Result.Name);
        edit.Describe(Result.Name, Result.Type, Result.Shape);
        return node;
    }

    private static string? AttentionProblem(Node attention) =>
        attention.Int("num_heads", 0) == 0 ? $"node '{attention.Name}' has no num_heads" : Packing.BodyProblem(attention);

    private static ConstantTensor Integers(params long[] values) => ConstantTensor.From(DataType.Int64, [values.Length], values);

    private string Reader() => Result.IsOutput ? "an output of the graph" : Result.Consumers.First() is var node ? $"node '{node.Name}' ({node.OpType})" : "";
}
