namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>The nodes for one GroupQueryAttention. What depends on lengths alone is made once and shared by all layers.</summary>
internal sealed class GroupQueryNodes(GroupQuery site, NodeWriter to, Dictionary<string, string> shared)
{
    private readonly Node node = site.Node;
    private readonly DataType type = site.Node.Input(0)!.Type;

    public NodeProto[] Write()
    {
        long size = site.Size, width = site.Heads * size, own = site.KvHeads * size;
        var all = node.Input(0)!.Name;
        var (q, k, v) = site.IsPacked
            ? (to.Columns("query", all, 0, width), to.Columns("key", all, width, width + own), to.Columns("value", all, width + own, width + 2 * own))
            : (all, node.Input(1)!.Name, node.Input(2)!.Name);
        if (site.Rotates) (q, k) = (Rotated("query.rotated", q, site.Heads), Rotated("key.rotated", k, site.KvHeads));
        var keys = Cached("keys", k, node.Input(3), Output(1));
        var values = Cached("values", v, node.Input(4), Output(2));
        Attend(to.ByHead("queries", q, site.Heads, size), Repeated("keys.all", keys), Repeated("values.all", values));
        return to.Nodes;
    }

    private Value? Output(int index) => node.Outputs.ElementAtOrDefault(index);

    private string Rotated(string role, string x, long heads)
    {
        string Rows(int table, string name) => Shared($"{node.Input(table)!.Name} of {Positions()}", name, r => to.Op("Gather", r, [node.Input(table)!.Name, Positions()], [("axis", 0L)]));
        return to.Op("RotaryEmbedding", role, [x, Rows(7, "cos"), Rows(8, "sin")], [("num_heads", heads), ("interleaved", node.Int("rotary_interleaved", 0))]);
    }

    // [B, S], or [1, S] for all: given, counted from the start, or from the end of each sequence.
    private string Positions()
    {
        if (node.Input(9) is { } given) return given.Name;
        if (site.IsPrompt || site.IsFull)
        {
            var first = site.Total - site.Tokens;
            return Shared($"{first}+{site.Tokens}", "positions", r => to.Stored(r, ConstantTensor.From(DataType.Int64, [1, site.Tokens], [.. Count(site.Tokens).Select(i => first + i)])));
        }
        return Shared($"{Start()}+{site.Tokens}", "positions", r => to.Op("Add", r, to.Op("Unsqueeze", $"{r}.first", Start(), to.Ints($"{r}.axis", 1)), to.Ints($"{r}.steps", [.. Count(site.Tokens)])));
    }

    // The keys or values to attend to; the cache that comes out where it is read.
    private string Cached(string role, string x, Value? past, Value? present)
    {
        long fresh = site.Tokens, kept = site.Total - fresh;
        if (site.IsPrompt || site.IsFull)
        {
            var padded = site.Capacity > site.Total;
            var direct = padded ? null : present;
            var whole = to.ByHead(site.IsPrompt ? role : $"{role}.new", x, site.KvHeads, site.Size, site.IsPrompt ? direct : null);
            if (!site.IsPrompt)
            {
                var before = kept == site.Past ? past!.Name : to.Op("Slice", $"{role}.past", past!.Name, to.Ints($"{role}.from", 0), to.Ints($"{role}.to", kept), to.Ints($"{role}.axis", 2));
                whole = to.Op("Concat", role, [before, whole], [("axis", 2L)], direct);
            }
            if (padded && present is not null) to.Op("Pad", $"{role}.present", [whole, to.Ints($"{role}.pads", 0, 0, 0, 0, 0, 0, site.Capacity - site.Total, 0)], [], present);
            return whole;
        }

        var added = to.ByHead($"{role}.new", x, site.KvHeads, site.Size);
        var cache = site.Past == site.Capacity ? past!.Name : to.Op("Concat", $"{role}.room", [past!.Name, added], [("axis", 2L)]);
        if (site.Past < site.Capacity && site.Past + fresh > site.Capacity)
            cache = to.Op("Slice", $"{role}.cut", cache, to.Ints($"{role}.from", 0), to.Ints($"{role}.to", site.Capacity), to.Ints($"{role}.axis", 2));
        var (old, here) = Places();
        var source = fresh == 1 ? added : to.Op("Gather", $"{role}.placed", [added, Steps()], [("axis", 2L)]);
        var zero = Shared($"0 {type}", "zero", r => to.Number(r, type, 0));
        return to.Op("Where", role, [old, cache, to.Op("Where", $"{role}.written", here, source, zero)], [], present);
    }

    // [B]: the sequences with their new tokens, and where those begin.
    private string Length() => Shared(site.Lengths.Name, "lengths", r =>
    {
        var last = to.Op("Reshape", $"{r}.last", to.Op("Cast", $"{r}.wide", [site.Lengths.Name], [("to", (long)DataType.Int64)]), to.Ints($"{r}.shape", -1));
        return to.Op("Add", r, last, to.Ints($"{r}.one", 1));
    });

    private string Start() => Shared($"{Length()}-{site.Tokens}", "start", r => to.Op("Sub", r, Length(), to.Ints($"{r}.new", site.Tokens)));

    // Of the places of the caches [B, 1, T, 1]: which keep what they hold, and which take the new tokens.
    private (string Old, string Here) Places()
    {
        var rows = Shared($"rows {site.Capacity}", "rows", r => to.Stored(r, ConstantTensor.From(DataType.Int64, [1, 1, site.Capacity, 1], [.. Count(site.Capacity)])));
        var start = Shared($"column {Start()}", "start.column", r => Column(Start(), r));
        var old = Shared($"{rows}<{start}", "old", r => to.Op("Less", r, rows, start));
        if (site.Tokens == 1) return (old, Shared($"{rows}={start}", "here", r => to.Op("Equal", r, rows, start)));
        var end = Shared($"column {Length()}", "end.column", r => Column(Length(), r));
        return (old, Shared($"{rows} in {start} {end}", "here", r => to.Op("And", r, to.Op("Not", $"{r}.from", old), to.Op("Less", $"{r}.before", rows, end))));
    }

    // [T], of one sequence: the new token that each place takes.
    private string Steps() => Shared($"steps {Start()} {site.Capacity}", "steps", r =>
    {
        var from = to.Op("Sub", $"{r}.from", to.Stored($"{r}.rows", ConstantTensor.From(DataType.Int64, [site.Capacity], [.. Count(site.Capacity)])), Start());
        return to.Op("Min", r, to.Op("Max", $"{r}.first", from, to.Ints($"{r}.zero", 0)), to.Ints($"{r}.last", site.Tokens - 1));
    });

    private string Column(string x, string role) => to.Op("Reshape", role, x, to.Ints($"{role}.shape", -1, 1, 1, 1));

    // [B, N, T, D] of [B, own heads, T, D].
    private string Repeated(string role, string x)
    {
        if (site.Heads == site.KvHeads) return x;
        var apart = to.Op("Expand", $"{role}.groups", to.Op("Unsqueeze", $"{role}.apart", x, to.Ints($"{role}.axis", 2)), to.Ints($"{role}.times", 1, 1, site.Heads / site.KvHeads, 1, 1));
        return to.Op("Reshape", role, apart, to.Ints($"{role}.shape", 0, site.Heads, site.IsPrompt || site.IsFull ? site.Total : site.Capacity, site.Size));
    }

    private void Attend(string q, string k, string v)
    {
        var scale = node.Float("scale", 0) is var own and not 0 ? own : 1 / Math.Sqrt(site.Size);
        var scores = to.Op("MatMul", "products", q, to.Op("Transpose", "keys.turned", [k], [("perm", new long[] { 0, 1, 3, 2 })]));
        scores = to.Op("Mul", "scores", scores, to.Number("scale", type, scale));
        if (node.Float("softcap", 0) is var cap and > 0)
            scores = to.Op("Mul", "capped", to.Op("Tanh", "capped.part", to.Op("Div", "capped.whole", scores, to.Number("cap", type, cap))), to.Number("cap.again", type, cap));
        if (node.Input(10) is { } bias) scores = to.Op("Add", "biased", scores, bias.Name);
        foreach (var (role, visible) in new[] { ("seen", Visible()), ("unpadded", Unpadded()) })
            if (visible is not null) scores = to.Op("Where", role, visible, scores, Shared($"-inf {type}", "hidden", r => to.Number(r, type, double.NegativeInfinity)));
        var sink = Sink();
        if (sink is not null) scores = to.Op("Concat", "scores.sink", [scores, sink], [("axis", -1L)]);
        var p = to.Op("Softmax", "probabilities", [scores], [("axis", -1L)]);
        if (sink is not null) p = to.Op("Slice", "probabilities.keys", p, to.Ints("keys.from", 0), to.Ints("keys.to", -1), to.Ints("keys.axis", 3));
        var o = to.Op("Transpose", "result", [to.Op("MatMul", "result.heads", p, v)], [("perm", new long[] { 0, 2, 1, 3 })]);
        to.Op("Reshape", "result.rows", [o, to.Ints("result.shape", 0, 0, site.Heads * site.Size)], [], node.Outputs[0]);
    }

    // Which keys a query sees; null for all.
    private string? Visible()
    {
        long tokens = site.Tokens, window = site.Window;
        if (site.IsPrompt || site.IsFull)
        {
            var kept = site.Total - tokens;
            if (tokens == 1 && (window == 0 || window >= site.Total)) return null;
            return Shared($"mask {tokens} {site.Total} {window}", "visible", r => to.Stored(r, ConstantTensor.From(DataType.Bool, [1, 1, tokens, site.Total],
                [.. Count(tokens).SelectMany(i => Count(site.Total).Select(j => j <= i + kept && (window == 0 || j > i + kept - window) ? 1L : 0L))])));
        }
        return Shared($"mask {Start()} {tokens} {site.Capacity} {window}", "visible", r =>
        {
            var places = to.Stored($"{r}.places", ConstantTensor.From(DataType.Int64, [1, 1, 1, site.Capacity], [.. Count(site.Capacity)]));
            var end = Column(Length(), $"{r}.end");
            if (tokens > 1) end = to.Op("Add", $"{r}.ends", end, to.Stored($"{r}.steps", ConstantTensor.From(DataType.Int64, [1, 1, tokens, 1], [.. Count(tokens).Select(i => i + 1 - tokens)])));
            if (window == 0) return to.Op("Less", r, places, end);
            var near = to.Op("GreaterOrEqual", $"{r}.near", places, to.Op("Sub", $"{r}.first", end, to.Ints($"{r}.window", window)));
            return to.Op("And", r, to.Op("Less", $"{r}.before", places, end), near);
        });
    }

    // The keys that are no padding, where a prompt of several sequences may have some; the longest has none.
    private string? Unpadded()
    {
        if (!site.IsPrompt || site.IsFull || node.Input(0)!.Shape![0].Value == 1) return null;
        return Shared($"unpadded {Length()} {site.Total}", "unpadded", r =>
            to.Op("Less", r, to.Stored($"{r}.places", ConstantTensor.From(DataType.Int64, [1, 1, 1, site.Total], [.. Count(site.Total)])), Column(Length(), $"{r}.end")));
    }

    // [B, N, S, 1]
    private string? Sink()
    {
        if (node.Input(11) is null && node.Int("smooth_softmax", 0) == 0) return null;
        var sink = node.Input(11)?.Name ?? to.Stored("sink", ConstantTensor.From(type, [site.Heads], new double[site.Heads]));
        return to.Op("Expand", "sink.column", to.Op("Reshape", "sink.heads", sink, to.Ints("sink.shape", 1, site.Heads, 1, 1)),
            to.Ints("sink.to", node.Input(0)!.Shape![0].Value!.Value, site.Heads, site.Tokens, 1));
    }

    private string Shared(string key, string role, Func<string, string> make) => shared.TryGetValue($"{role}: {key}", out var name) ? name : shared[$"{role}: {key}"] = make(role);

    private static IEnumerable<long> Count(long n) => Enumerable.Range(0, (int)n).Select(i => (long)i);
}
