namespace FlashRt.GraphRewriter.Passes;

/// <summary>Model-local functions: found and inlined.</summary>
internal static class FunctionCall
{
    public static FunctionProto? Find(ModelProto model, NodeProto call) => model.Functions.FirstOrDefault(f =>
        f.Domain == call.Domain && f.Name == call.OpType && f.Overload == call.Overload);

    /// <summary>The function's nodes with parameters replaced by the call's names; inner names stay as they are.</summary>
    public static IEnumerable<NodeProto> Inline(NodeProto call, FunctionProto function)
    {
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < function.Input.Count; i++) names[function.Input[i]] = i < call.Input.Count ? call.Input[i] : "";
        for (var i = 0; i < function.Output.Count; i++) names[function.Output[i]] = i < call.Output.Count ? call.Output[i] : function.Output[i];
        foreach (var node in function.Node)
        {
            var copy = node.Clone();
            Rename(copy.Input, names);
            Rename(copy.Output, names);
            yield return copy;
        }
    }

    private static void Rename(IList<string> field, Dictionary<string, string> names)
    {
        for (var i = 0; i < field.Count; i++)
            if (names.TryGetValue(field[i], out var name)) field[i] = name;
    }
}
