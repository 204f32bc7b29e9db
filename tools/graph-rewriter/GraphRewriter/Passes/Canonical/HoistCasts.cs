namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// A widening cast of parts of x, cut, negated and joined, where x itself is widened too, becomes those parts of the widened x: the same
/// numbers, and a rotation that computes in float32 then has one input.
/// </summary>
public sealed class HoistCasts : IPass
{
    private const int MostNodes = 16;

    /// <inheritdoc/>
    public string Name => "Hoist casts";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var hoisted = 0;
        foreach (var cast in edit.Graph.Nodes)
        {
            if (!IsWidening(cast) || cast.Outputs[0] is not { } y || Moves(cast.Input(0)!.Producer) is not { } top || edit.IsGone(cast)) continue;
            var tree = new List<Node>();
            if (Source(top, tree) is not { } x || x.Consumers.FirstOrDefault(c => c != cast && IsWidening(c) && c.Outputs[0]?.Type == y.Type && !edit.IsGone(c)) is not { } sibling) continue;
            var names = new Dictionary<Value, string> { [x] = sibling.Outputs[0]!.Name };
            var nodes = new List<NodeProto>();
            foreach (var node in tree.OrderBy(n => n.Index))
            {
                var copy = node.Proto.Clone();
                copy.Name = node == top ? cast.Proto.Name : edit.FreeName($"{node.Name}.wide");
                for (var i = 0; i < copy.Input.Count; i++)
                    if (node.Inputs[i] is { } input && names.TryGetValue(input, out var wide)) copy.Input[i] = wide;
                foreach (var (i, part) in node.Outputs.Index())
                    if (part is not null) copy.Output[i] = names[part] = part == cast.Input(0) ? y.Name : edit.FreeName($"{part.Name}.wide");
                nodes.Add(copy);
            }
            edit.Replace(cast, [.. nodes]);
            hoisted++;
        }
        return edit.Apply(hoisted);
    }

    private static bool IsWidening(Node node) => node is { OpType: "Cast", Domain: "" } && node.Inputs is [{ } x] && node.Outputs is [{ } y]
        && x.Type.IsFloat() && y.Type.IsFloat() && x.Type.Bits() < y.Type.Bits();

    private static Node? Moves(Node? node) => node is { Domain: "", OpType: "Concat" or "Neg" or "Slice" or "Split" } && node.Outputs.All(o => o is { IsOutput: false }) ? node : null;

    // The one value that all parts are of; the nodes up to it are collected.
    private static Value? Source(Node top, List<Node> tree)
    {
        Value? source = null;
        var pending = new Stack<Node>([top]);
        while (pending.TryPop(out var node))
        {
            if (tree.Contains(node)) continue;
            if (tree.Count == MostNodes) return null;
            tree.Add(node);
            foreach (var input in node.OpType == "Concat" ? node.Inputs : node.Inputs.Take(1))
            {
                if (Moves(input?.Producer) is { } inner) pending.Push(inner);
                else if (input is null || (source is not null && source != input)) return null;
                else source = input;
            }
        }
        return source;
    }
}
