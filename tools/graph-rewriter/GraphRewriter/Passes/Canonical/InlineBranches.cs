namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// An If whose condition is constant becomes the branch that it takes. TorchScript writes one for every squeeze of an axis whose size it
/// does not know; with the sizes given, the answer is known.
/// </summary>
public sealed class InlineBranches : IPass
{
    /// <inheritdoc/>
    public string Name => "Inline branches";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var inlined = 0;
        foreach (var node in edit.Graph.Nodes)
        {
            if (node is not { OpType: "If", Domain: "" } || node.Input(0)?.Constant is not { Type: DataType.Bool, Count: 1 } condition) continue;
            if (node.Attribute(condition.Raw[0] != 0 ? "then_branch" : "else_branch")?.G is not { } branch || branch.SparseInitializer.Count > 0) continue;
            edit.Replace(node, [.. Nodes(node, branch, edit)]);
            inlined++;
        }
        return edit.Apply(inlined);
    }

    private static IEnumerable<NodeProto> Nodes(Node node, GraphProto branch, GraphEdit edit)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var tensor in branch.Initializer) edit.Store(names[tensor.Name] = edit.FreeName(tensor.Name), tensor.Clone());
        var made = branch.Node.SelectMany(n => n.Output).Where(o => o.Length > 0).ToList();
        foreach (var name in made) names[name] = edit.FreeName(name);
        var copies = new List<NodeProto>();
        for (var i = 0; i < Math.Min(node.Outputs.Count, branch.Output.Count); i++)
        {
            if (node.Outputs[i] is not { } output) continue;
            var source = branch.Output[i].Name;
            if (made.Remove(source)) names[source] = output.Name;
            else copies.Add(Identity(source, output.Name));  // a value from outside, a stored one, or one given twice
        }
        foreach (var inner in branch.Node)
        {
            var copy = inner.Clone();
            Rename(copy, names);
            if (copy.Name.Length > 0) copy.Name = $"{node.Name}.{copy.Name}";
            yield return copy;
        }
        foreach (var copy in copies)
        {
            Rename(copy, names);
            yield return copy;
        }
    }

    private static NodeProto Identity(string from, string to) => new() { OpType = "Identity", Name = to, Input = { from }, Output = { to } };

    // Also where subgraphs of the node read what the branch makes.
    private static void Rename(NodeProto node, Dictionary<string, string> names)
    {
        foreach (var list in new[] { node.Input, node.Output })
            for (var i = 0; i < list.Count; i++) list[i] = names.GetValueOrDefault(list[i], list[i]);
        foreach (var graph in Captured.Subgraphs(node))
        {
            var outer = new Dictionary<string, string>(names, StringComparer.Ordinal);
            foreach (var own in graph.Input.Select(v => v.Name).Concat(graph.Initializer.Select(t => t.Name)).Concat(graph.Node.SelectMany(n => n.Output))) outer.Remove(own);
            foreach (var inner in graph.Node) Rename(inner, outer);
            foreach (var output in graph.Output) output.Name = outer.GetValueOrDefault(output.Name, output.Name);
        }
    }
}
