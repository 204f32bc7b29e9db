using FlashRt.GraphRewriter.Ir.Evaluation;

namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Stores what constants alone determine: masks, positions, rotary tables and shape arithmetic once the sizes are known, <c>1 + w</c>,
/// Constant nodes. Only values that a remaining node reads are stored, equal ones once. Weights stay where they are: what follows from a
/// large stored tensor is stored only when it is a selection of it, or small.
/// </summary>
public sealed class FoldConstants : IPass
{
    // What a large stored tensor is turned into (transposed, cast) may have this many elements.
    private const long MostOfWeight = 1 << 16;

    // And this many, where all of that together stays within a budget.
    private const long MostOfTable = 1 << 20, Budget = 64 << 20;

    private static readonly HashSet<string> Views = ["Reshape", "Squeeze", "Unsqueeze", "Flatten"];

    /// <inheritdoc/>
    public string Name => "Fold constants";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var fromWeights = FromWeights(edit.Graph);
        var known = Known(edit.Graph, fromWeights, MostOfTable);
        if (known.Where(v => fromWeights.Contains(v) && View(v) is null).Sum(v => v.Constant!.Raw.Length) > Budget)
            known = Known(edit.Graph, fromWeights, MostOfWeight);
        var equal = new Dictionary<string, Value>(StringComparer.Ordinal);
        var folded = edit.Graph.Nodes.SelectMany(n => n.Outputs).OfType<Value>().Where(v => IsNeeded(v, known)).ToList();
        foreach (var value in folded)
        {
            if (View(value) is { } view)
            {
                edit.Store(value.Name, view);
                continue;
            }
            var constant = value.Constant!;
            if (!equal.TryAdd(Key(constant), value) && edit.Forward(value, equal[Key(constant)])) continue;
            edit.Store(value.Name, value.Producer!.OpType == "Constant" && value.Producer.Attribute("value")?.T is { } stored
                ? stored.Clone() : constant.ToProto(value.Name));
        }
        return edit.Apply(folded.Count);
    }

    // What is computed from a large stored tensor.
    private static HashSet<Value> FromWeights(Graph graph)
    {
        var found = graph.Values.Where(v => v.Initializer is { } t && ConstantLayout.Count(t.Dims) > MostOfWeight).ToHashSet();
        foreach (var node in graph.Nodes)
            if (node.Inputs.Any(i => i is not null && found.Contains(i))) found.UnionWith(node.Outputs.OfType<Value>());
        return found;
    }

    private static HashSet<Value> Known(Graph graph, HashSet<Value> fromWeights, long mostOfTable)
    {
        var known = new HashSet<Value>();
        foreach (var node in graph.Nodes)
            foreach (var output in node.Outputs)
                if (output is not null && IsFoldable(output, node, fromWeights, mostOfTable)) known.Add(output);
        return known;
    }

    private static bool IsFoldable(Value value, Node node, HashSet<Value> fromWeights, long mostOfTable)
    {
        if (View(value) is not null) return true;
        if (value.Constant is not { } constant || node.Domain.Length > 0) return false;
        return node.OpType == "Constant" || constant.Count <= MostOfWeight || !fromWeights.Contains(value)
            || (constant.Count <= MostOfTable && (IsSelection(node) || constant.Count <= mostOfTable && node.OpType is not ("Transpose" or "Cast")));
    }

    private static bool IsSelection(Node node) => ConstantEvaluator.Selecting.Contains(node.OpType)
        || (Views.Contains(node.OpType) || node.OpType == "Cast") && node.Input(0)?.Producer is { } source && IsSelection(source);

    // Another shape of a stored tensor is the same data: no byte is copied, whether it is in the file or beside it.
    private static TensorProto? View(Value value)
    {
        if (value.Producer is not { Domain: "" } node || !Views.Contains(node.OpType) || node.Input(0) is not { Initializer: { } tensor, IsInput: false }) return null;
        if (value.Shape?.Static() is not { } dims || node.Inputs.Skip(1).Any(i => i is not null && i.Constant is null)) return null;
        if (ConstantLayout.Count(dims) != ConstantLayout.Count(tensor.Dims) || (!tensor.HasRawData && !ExternalData.IsExternal(tensor))) return null;
        var view = tensor.Clone();
        view.Dims.Clear();
        view.Dims.AddRange(dims);
        return view;
    }

    // Read by a node that stays, by a subgraph, or as a result.
    private static bool IsNeeded(Value value, HashSet<Value> known) => known.Contains(value) && (value.IsOutput || value.Uses.Any(u =>
        u.Input < 0 || u.Node.Outputs.Any(o => o is not null && !known.Contains(o) && (o.IsOutput || o.Uses.Count > 0))));

    private static string Key(ConstantTensor tensor) =>
        $"{tensor} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(tensor.Raw))}";
}
