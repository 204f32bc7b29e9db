using FlashRt.GraphRewriter.Capture;

namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// Gives the operands of a broadcast batched MatMul equal batch axes: ONNX Runtime multiplies others through arrays of addresses, which
/// it captures unsafely. Axes over which the right operand repeats become rows of the left one, which copies nothing; only where that
/// is not possible is the smaller operand expanded.
/// </summary>
public sealed class StridedMatMul : IPass
{
    /// <inheritdoc/>
    public string Name => "Stride batched MatMul";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var graph = context.Model.Graph;
        var changes = 0;
        foreach (var node in graph.Nodes.Where(n => n.Domain.Length == 0 && Preflight.IsBroadcastMatMul(n)).ToArray())
            if (Sizes(node.Input(0)) is { Length: > 1 } left && Sizes(node.Input(1)) is { Length: > 1 } right && Broadcast(left[..^2], right[..^2]) is { } batch)
            {
                new Writer(graph, node).Write(left, right, batch);
                changes++;
            }
        if (changes > 0) context.Model.Invalidate();
        return changes;
    }

    private static long[]? Sizes(Value? value) => value?.Shape?.Static();

    private static long[]? Broadcast(long[] a, long[] b)
    {
        var rank = Math.Max(a.Length, b.Length);
        var (left, right) = (Padded(a, rank), Padded(b, rank));
        return left.Zip(right).All(p => p.First == p.Second || p.First == 1 || p.Second == 1) ? [.. left.Zip(right, Math.Max)] : null;
    }

    private static long[] Padded(long[] batch, int rank) => [.. Enumerable.Repeat(1L, rank - batch.Length), .. batch];

    private sealed class Writer(Graph graph, Node node)
    {
        private readonly List<NodeProto> nodes = [];

        public void Write(long[] left, long[] right, long[] batch)
        {
            long rows = left[^2], inner = left[^1], columns = right[^1];
            var rightBatch = Padded(right[..^2], batch.Length);
            var shared = batch.Zip(rightBatch).TakeWhile(p => p.First == p.Second).Count();
            var (a, b) = (node.Inputs[0]!.Name, node.Inputs[1]!.Name);
            if (Padded(left[..^2], batch.Length).SequenceEqual(batch) && rightBatch.Skip(shared).All(d => d == 1))
            {
                a = Op("Reshape", a, "left", [.. batch[..shared], batch[shared..].Aggregate(rows, (n, d) => n * d), inner]);
                b = Op("Reshape", b, "right", [.. batch[..shared], inner, columns]);
            }
            else
            {
                if (!left[..^2].SequenceEqual(batch)) a = Op("Expand", a, "left", [.. batch, rows, inner]);
                if (!right[..^2].SequenceEqual(batch)) b = Op("Expand", b, "right", [.. batch, inner, columns]);
            }
            var product = node.Proto.Clone();
            (product.Input[0], product.Input[1]) = (a, b);
            product.Output[0] = graph.FreeName($"{node.Outputs[0]!.Name}.strided");
            nodes.Add(product);
            Op("Reshape", product.Output[0], "product", [.. batch, rows, columns], node.Outputs[0]!.Name);
            graph.Replace([node], nodes);
        }

        private string Op(string op, string input, string role, long[] sizes, string? output = null)
        {
            var name = output ?? graph.FreeName($"{node.Outputs[0]!.Name}.{role}");
            var reshape = new NodeProto { OpType = op, Name = $"{node.Name}.{role}" };
            reshape.Input.Add([input, Integers($"{node.Outputs[0]!.Name}.{role}.sizes", sizes)]);
            reshape.Output.Add(name);
            nodes.Add(reshape);
            return name;
        }

        private string Integers(string wish, long[] values)
        {
            var name = graph.FreeName(wish);
            var tensor = ConstantTensor.From(DataType.Int64, [values.Length], values).ToProto(name);
            graph.Adopt(new Value(name, graph) { Initializer = tensor, Type = DataType.Int64, Shape = Shape.Of(values.Length) });
            return name;
        }
    }
}
