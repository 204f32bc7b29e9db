namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// A product with a weight, and a vector added to it, work on each row by itself. So what moves rows before them (a Transpose or Reshape that
/// keeps the last axis, as time-major attention is written) moves rows after them as well, where it meets the moves of the heads.
/// <code>MatMul(move(x), W)  →  move(MatMul(x, W))        Add(move(x), b)  →  move(Add(x, b))</code>
/// </summary>
public sealed class RowMoves : IPass
{
    /// <inheritdoc/>
    public string Name => "Row moves";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var sunk = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node.Domain.Length > 0 || node.Outputs is not [{ Shape: { } shape } y] || Moved(node) is not var (operand, move)) continue;
            if (move.Inputs[0]!.Producer is { } before && edit.IsGone(before)) continue;
            var work = node.Proto.Clone();
            var rows = work.Output[0] = edit.FreeName($"{y.Name}.rows");
            work.Input[operand] = move.Inputs[0]!.Name;
            NodeProto after;
            if (move.OpType == "Transpose")
            {
                after = move.Proto.Clone();
                (after.Input[0], after.Output[0]) = (rows, y.Name);
                after.Name = edit.FreeName($"{node.Name}.moved");
            }
            else
            {
                if (Sizes(shape) is not { } sizes) continue;
                after = GraphEdit.Node("Reshape", edit.FreeName($"{node.Name}.moved"), y.Name, rows, edit.Integers($"{y.Name}.shape", sizes));
            }
            edit.Replace(node, work, after);
            sunk++;
        }
        return edit.Apply(sunk);
    }

    /// <summary>The sizes for a Reshape; null where more than one is open, or where nothing is left.</summary>
    internal static long[]? Sizes(Shape shape) =>
        shape.Count(d => d.Value is null) <= 1 && !shape.Any(d => d.Value == 0) ? [.. shape.Select(d => d.Value ?? -1)] : null;

    // The operand that a move made.
    private static (int Operand, Node Move)? Moved(Node node)
    {
        if (node is not { OpType: "MatMul" or "Add", Inputs: [{ } a, { } b] }) return null;
        if (IsMove(a.Producer) && b.Shape?.Rank == (node.OpType == "MatMul" ? 2 : 1) && b.Constant is not null) return (0, a.Producer!);
        return node.OpType == "Add" && IsMove(b.Producer) && a.Shape?.Rank == 1 && a.Constant is not null ? (1, b.Producer!) : null;
    }

    private static bool IsMove(Node? node) => node is { Domain: "", OpType: "Reshape" or "Transpose", Outputs: [{ IsOutput: false, Shape: { Rank: > 1 } to }], Inputs: [{ Shape: { Rank: > 1 } from, Constant: null }, ..] }
        && (node.OpType == "Transpose" ? node.Ints("perm") is { } perm && perm[^1] == perm.Length - 1 : from[-1].Value is not null && from[-1].SameAs(to[-1]));
}
