namespace FlashRt.GraphRewriter.Ir;

/// <summary>Checks the functions of a model: their bodies, that each is there once, and that none calls itself, however far round.</summary>
internal static class FunctionChecker
{
    public static void Check(OnnxModel model, GraphChecker graphs)
    {
        var functions = new Dictionary<(string, string, string), FunctionProto>();
        foreach (var function in model.Proto.Functions)
        {
            if (!functions.TryAdd((function.Domain, function.Name, function.Overload), function))
                throw new OnnxModelException(model.Path, $"two functions are called {Name(function)}");
            graphs.Check(function.Node, function.Input, function.Output, $"in function {Name(function)}, ");
        }

        var ended = new HashSet<FunctionProto>(ReferenceEqualityComparer.Instance);
        var open = new HashSet<FunctionProto>(ReferenceEqualityComparer.Instance);
        foreach (var function in functions.Values) Visit(function);

        void Visit(FunctionProto function)
        {
            if (ended.Contains(function)) return;
            if (!open.Add(function)) throw new OnnxModelException(model.Path, $"function {Name(function)} calls itself");
            foreach (var node in All(function.Node))
                if (functions.TryGetValue((node.Domain, node.OpType, node.Overload), out var called)) Visit(called);
            ended.Add(function);
        }
    }

    private static IEnumerable<NodeProto> All(IEnumerable<NodeProto> nodes) =>
        nodes.SelectMany(n => Captured.Subgraphs(n).SelectMany(g => All(g.Node)).Prepend(n));

    private static string Name(FunctionProto function) =>
        $"'{function.Domain}::{function.Name}'{(function.Overload.Length > 0 ? $" (overload '{function.Overload}')" : "")}";
}
