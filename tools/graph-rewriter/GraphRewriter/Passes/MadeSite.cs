namespace FlashRt.GraphRewriter.Passes;

/// <summary>A fused node whose function is put together from nodes, for passes that replace what is no subgraph of the model.</summary>
internal static class MadeSite
{
    /// <summary>
    /// Adds the function to the model; returns the node, which is not in the graph yet. An empty name is an input left out. What several
    /// bodies share is in the new one once; of the <paramref name="notes"/> on types it gets those on its values.
    /// </summary>
    public static NodeProto Make(ModelProto model, string rule, string op, IReadOnlyList<string> inputs, IReadOnlyList<string> outputs, IEnumerable<AttributeProto> attributes,
        IEnumerable<NodeProto> body, IEnumerable<ValueInfoProto>? notes = null)
    {
        var function = new FunctionProto { Name = op, Domain = FusedSites.Domain, Overload = $"new_{model.Functions.Count}_{outputs[0]}" };
        function.Input.AddRange(SiteBody.Formals(inputs, outputs));
        function.Output.AddRange(outputs);
        function.OpsetImport.AddRange(model.OpsetImport.Where(o => o.Domain != FusedSites.Domain));
        function.MetadataProps.Add(new StringStringEntryProto { Key = SiteBody.RuleKey, Value = rule });
        var made = new HashSet<string>(function.Input, StringComparer.Ordinal);
        function.Node.AddRange(body.Where(n => n.Output.Any(made.Add)));
        made.ExceptWith([.. function.Input, .. outputs]);
        function.ValueInfo.AddRange((notes ?? []).Where(n => made.Remove(n.Name)).Select(n => n.Clone()));

        var node = new NodeProto { OpType = op, Domain = FusedSites.Domain, Overload = function.Overload, Name = $"{op}:{outputs[0]}" };
        node.Input.AddRange(inputs);
        node.Output.AddRange(outputs);
        node.Attribute.AddRange(attributes);
        node.MetadataProps.Add(new StringStringEntryProto { Key = SiteBody.RuleKey, Value = rule });
        function.Attribute.AddRange(node.Attribute.Select(a => a.Name));
        model.Functions.Add(function);
        return node;
    }
}
