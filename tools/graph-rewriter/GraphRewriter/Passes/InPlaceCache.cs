using FlashRt.GraphRewriter.Passes.Canonical;
using FlashRt.GraphRewriter.Rules.Heads;

namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// Turns a decode step's cache from concatenation into writing in place: <c>present = concat(past, x)</c> becomes
/// <c>present = KvCacheWrite(past, x, position)</c> over a cache of fixed capacity, and the attention behind it reads the first
/// position + 1 rows.
/// <para>
/// The interface changes: past inputs and present outputs are [B, N, capacity, D], present being the whole cache, which may be the same
/// buffer as past (DecodeLoop's CacheUpdate.InPlace). Row r holds the token of position r; position is the model's own position input.
/// Without that input the model is one of a single position, and is refused.
/// </para>
/// </summary>
public sealed class InPlaceCache : IPass
{
    // Every body stores the numbers of the positions.
    private const long MostPositions = 1 << 20;

    /// <inheritdoc/>
    public string Name => "In-place cache";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        if (context.Options.CacheCapacity is not { } wanted) return 0;
        if (wanted < 0) throw new OnnxModelException(context.Model.Path, $"cannot have a cache of {wanted} positions in place");
        var edit = new GraphEdit(context);
        var graph = edit.Graph;
        var position = Position(context.Model);
        var sites = graph.Nodes.Where(n => n is { OpType: "Softmax" or "Attention", Domain: "" }).Select(n => Read(n, graph)).OfType<CachedAttention>().ToList();
        if (sites.Count == 0) throw new OnnxModelException(context.Model.Path, "has no attention over a past input concatenated with new keys and values, so no cache to update in place");

        var length = Length(position, edit, out var lengthNodes);
        var placed = false;
        var caches = new HashSet<Node>();
        foreach (var site in sites)
        {
            var capacity = wanted > 0 ? wanted : site.Key.Outputs[0]!.Shape![2].Value!.Value;
            if (capacity > MostPositions)
                throw new OnnxModelException(context.Model.Path, $"cannot have a cache of {capacity} positions in place; the bodies of its nodes count up to {MostPositions}");
            foreach (var concat in new[] { site.Key, site.Value })
            {
                if (!caches.Add(concat)) continue;
                var nodes = placed ? [] : lengthNodes;
                placed = true;
                edit.Replace(concat, [.. nodes, CacheBodies.Write(context.Model, concat, position, capacity)]);
                Resize(context.Model.Proto.Graph, concat, capacity);
            }
            edit.Replace(site.Result.Producer!, CacheBodies.Attention(context.Model, site, length, capacity));
        }
        CheckOthers(context.Model, sites, caches);
        return edit.Apply(sites.Count);
    }

    // The position of the step's only token.
    private static Value Position(OnnxModel model) => model.Graph.Values.FirstOrDefault(v => v is { IsInput: true, Type: DataType.Int64 }
        && v.Name.Contains("position", StringComparison.Ordinal) && v.Shape?.Static() is { } s && s.All(d => d == 1))
        ?? throw new OnnxModelException(model.Path, "has no int64 input of one element whose name contains 'position'; a cache in place needs to know the row to write, and a model "
            + "without such an input has the position among its constants");

    private static string Length(Value position, GraphEdit edit, out NodeProto[] nodes)
    {
        var one = edit.Integers($"{position.Name}.one", 1);
        var add = new NodeProto { OpType = "Add", Name = edit.FreeName($"{position.Name}.length") };
        add.Input.AddRange([position.Name, one]);
        add.Output.Add(add.Name);
        nodes = [add];
        return add.Name;
    }

    private static CachedAttention? Read(Node node, Graph graph)
    {
        var builder = new FusionBuilder(graph);
        var site = node.OpType == "Softmax" ? AttentionReader.Read(node.Outputs[0]!, builder).Site : Rules.OnnxAttentionRule.Read(node, builder).Site;
        if (site is not { Arrangement: { Packed: false } a } || Concat(a.K) is not { } key || Concat(a.V) is not { } value) return null;
        var tokens = Factor.Product(a.Queries.Tokens);
        if (tokens != 1 || site.Masking.Bias is not null || site.Masking.Mask is not null || site.Masking.KeyLength is not null || site.Masking.Window >= 0)
            throw new OnnxModelException(graph.Model.Path, $"has an attention (node '{node.Name}') of several tokens or with a mask; a cache in place is for decode steps of one token that see everything before it");
        return new CachedAttention(site, key, value);
    }

    // past (a graph input), then new tokens, joined along the tokens to a graph output [B, N, S, D].
    private static Node? Concat(Operand operand) => operand.View.Value is { IsOutput: true, Shape: { Rank: 4 } shape, Producer: { OpType: "Concat", Domain: "" } node }
        && node.Inputs is [{ IsInput: true }, { Shape: { } x }] && node.Int("axis", 0) is 2 or -2 && x[2].Value == 1 && shape.Static() is not null ? node : null;

    private static void Resize(GraphProto graph, Node concat, long capacity)
    {
        foreach (var info in graph.Input.Where(i => i.Name == concat.Inputs[0]!.Name).Concat(graph.Output.Where(o => o.Name == concat.Outputs[0]!.Name)))
            info.Type.TensorType.Shape.Dim[2] = new TensorShapeProto.Types.Dimension { DimValue = capacity };
        for (var i = graph.ValueInfo.Count - 1; i >= 0; i--)
            if (graph.ValueInfo[i].Name == concat.Outputs[0]!.Name) graph.ValueInfo.RemoveAt(i);
    }

    private static void CheckOthers(OnnxModel model, List<CachedAttention> sites, HashSet<Node> caches)
    {
        var inside = sites.SelectMany(s => s.Inside).ToHashSet();
        foreach (var concat in caches)
            if (concat.Outputs[0]!.Consumers.FirstOrDefault(c => !inside.Contains(c)) is { } other)
                throw new OnnxModelException(model.Path, $"reads the cache '{concat.Outputs[0]!.Name}' outside attention too (node '{other.Name}'), where its length would change");
    }
}
