namespace FlashRt.GraphRewriter.Passes;

/// <summary>Makes the function of a fused node: the subgraph it replaces, under the names the subgraph had.</summary>
internal static class SiteBody
{
    /// <summary>Marks Constant nodes that were initializers of the model.</summary>
    public const string WasInitializer = "flashrt.initializer";

    public const string RuleKey = "flashrt.rule";

    public static FunctionProto Make(Region region, string rule, string overload)
    {
        var fusion = region.Fusion;
        var model = region.Match.Graph.Model.Proto;
        var function = new FunctionProto { Name = fusion.Op, Domain = FusedSites.Domain, Overload = overload };
        function.Output.AddRange(fusion.Outputs.Select(o => o.Name));
        function.Input.AddRange(Formals([.. fusion.Inputs.Select(i => i?.Name ?? "")], function.Output));
        function.Attribute.AddRange(fusion.Attributes.Select(a => a.Name));
        function.OpsetImport.AddRange(model.OpsetImport.Where(o => o.Domain != FusedSites.Domain));
        function.MetadataProps.Add(new StringStringEntryProto { Key = RuleKey, Value = rule });
        if (fusion.Body is { } body) function.Node.AddRange(body.Nodes);
        else Copy(region, function, model);
        return function;
    }

    /// <summary>True for a body's node that was no node of the model but one of its stored tensors.</summary>
    public static bool IsStoredTensor(NodeProto node) => node.MetadataProps.Any(m => m.Key == WasInitializer);

    private static void Copy(Region region, FunctionProto function, ModelProto model)
    {
        var made = new HashSet<string>(function.Input, StringComparer.Ordinal);
        var instead = region.Fusion.Instead.Where(i => region.Nodes.Any(n => n.Inputs.Contains(i.Key))).ToDictionary(i => i.Key.Name, i => i.Value.Nodes);
        foreach (var node in region.Constants.Select(Constant).Concat(instead.Values.SelectMany(n => n)).Concat(region.Nodes.SelectMany(n => Expand(n, model))))
        {
            for (var i = 0; i < node.Input.Count; i++)
                if (instead.TryGetValue(node.Input[i], out var computed)) node.Input[i] = computed[^1].Output[0];
            if (node.Output.Any(o => o.Length > 0 && made.Add(o))) function.Node.Add(node);
        }
        made.ExceptWith(function.Input);
        made.ExceptWith(function.Output);
        function.ValueInfo.AddRange(model.Graph.ValueInfo.Where(v => made.Contains(v.Name)).Select(v => v.Clone()));
        foreach (var info in region.Nodes.Select(n => FunctionCall.Find(model, n.Proto)).SelectMany(f => f?.ValueInfo ?? []))
            if (function.ValueInfo.All(v => v.Name != info.Name)) function.ValueInfo.Add(info.Clone());
    }

    /// <summary>The node, or the nodes of its function where it is a fused one.</summary>
    public static IEnumerable<NodeProto> Expand(Node node, ModelProto model) =>
        node.Domain == FusedSites.Domain && FunctionCall.Find(model, node.Proto) is { } inner
            ? FunctionCall.Inline(node.Proto, inner) : [node.Proto.Clone()];

    /// <summary>A constant of the graph as a node of a body.</summary>
    public static NodeProto Constant(Value value)
    {
        var stored = value.Initializer;
        var tensor = stored is null || ExternalData.IsExternal(stored) ? value.Constant!.ToProto(value.Name) : stored.Clone();
        var node = new NodeProto { OpType = "Constant", Name = value.Name };
        node.Output.Add(value.Name);
        node.Attribute.Add(Attributes.Make("value", tensor));
        if (stored is not null) node.MetadataProps.Add(new StringStringEntryProto { Key = WasInitializer, Value = "1" });
        return node;
    }

    /// <summary>A function's parameters need names of their own where an input is left out or given twice.</summary>
    public static IEnumerable<string> Formals(IReadOnlyList<string> inputs, IEnumerable<string> outputs)
    {
        var taken = new HashSet<string>(outputs, StringComparer.Ordinal);
        for (var i = 0; i < inputs.Count; i++)
        {
            var name = inputs[i].Length > 0 ? inputs[i] : $"absent.{i}";
            yield return taken.Add(name) ? name : $"{name}.again.{i}";
        }
    }
}
