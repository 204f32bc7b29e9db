namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// What a GroupQueryAttention of com.microsoft computes where its sizes are known: <c>Tokens</c> new tokens after those of a cache, which
/// with them holds at most <c>Total</c>. With as many tokens as there are in total it is a prompt, and what the cache held is forgotten.
/// </summary>
internal sealed record GroupQuery(Node Node)
{
    // A causal mask of 4096 x 4096, as large as the readers of masks look at.
    private const long LargestMask = 1 << 24;

    private static readonly HashSet<string> Known = ["num_heads", "kv_num_heads", "scale", "do_rotary", "rotary_interleaved", "local_window_size", "softcap", "smooth_softmax"];

    public required long Heads { get; init; }
    public required long KvHeads { get; init; }
    public required long Size { get; init; }
    public required long Tokens { get; init; }
    public required long Past { get; init; }
    public required long Total { get; init; }

    /// <summary>Query, key and value are one tensor.</summary>
    public bool IsPacked => Node.Input(1) is null;

    /// <summary>The first pass over a sequence.</summary>
    public bool IsPrompt => Tokens == Total;

    /// <summary>Every sequence is known to be as long as the longest.</summary>
    public bool IsFull => Lengths.Integers is { } lengths && lengths.All(l => l + 1 == Total);

    /// <summary>Positions of the caches that come out.</summary>
    public long Capacity => Math.Max(Total, Past);

    /// <summary>The length of each sequence with its new tokens, less one.</summary>
    public Value Lengths => Node.Input(5)!;

    /// <summary>Keys a query sees, itself included; 0 for all.</summary>
    public long Window => Math.Max(0, Node.Int("local_window_size", -1));

    public bool Rotates => Node.Int("do_rotary", 0) != 0;

    /// <summary>What is read of a node, or why it stays as it is.</summary>
    public static (GroupQuery? Found, string? Reason) Read(Node node)
    {
        if (Attribute(node) is { } problem) return (null, problem);
        long heads = node.Int("num_heads", 0), own = node.Int("kv_num_heads", 0);
        if (heads <= 0 || own <= 0 || heads % own != 0) return (null, $"{heads} heads over {own} of keys are not groups");
        if (node.Input(0) is not { Shape: { Rank: 3 } shape } query || !query.Type.IsFlashRtFloat()) return (null, "its query is not float32, float16 or bfloat16 of three axes");
        var packed = node.Input(1) is null;
        if (packed != node.Input(2) is null || node.Input(3) is null != node.Input(4) is null) return (null, "it has a key without a value, or a past of one of them");
        if (shape[2].Value is not { } width || width % (packed ? heads + 2 * own : heads) != 0) return (null, $"the width of '{query.Name}' ({shape}) is not known to be that of its heads");
        var size = width / (packed ? heads + 2 * own : heads);
        if (!packed && (node.Input(1)!.Shape?[-1].Value != own * size || node.Input(2)!.Shape?[-1].Value != own * size)) return (null, $"its keys and values are not {own} heads of {size}");

        if (shape[1].Value is not { } tokens) return (null, $"the number of tokens of '{query.Name}' ({shape}) is not known; --dims or --shape give it");
        var past = node.Input(3) is null ? 0 : node.Input(3)!.Shape is { Rank: 4 } k && node.Input(4)!.Shape is { Rank: 4 } v && k[2].Value == v[2].Value ? k[2].Value : null;
        if (past is not { } positions) return (null, $"the length of its past '{node.Input(3)!.Name}' ({node.Input(3)!.Shape}) is not known; --dims or --shape give it");
        if (node.Input(5) is null || node.Input(6)?.Scalar is not { } sum)
            return (null, $"its total sequence length '{node.Input(6)?.Name}' is computed when the model runs; --dims or --shape of the attention mask make it a constant");
        var found = new GroupQuery(node) { Heads = heads, KvHeads = own, Size = size, Tokens = tokens, Past = positions, Total = (long)sum };
        return found.Problem() is { } reason ? (null, reason) : (found, null);
    }

    private static string? Attribute(Node node)
    {
        foreach (var attribute in node.Proto.Attribute.Where(a => !Known.Contains(a.Name)))
            if (attribute.I != 0 && attribute.Name != "kv_cache_bit_width" || attribute.S is { IsEmpty: false } text && text.ToStringUtf8() != "NONE") return $"it has the attribute {attribute.Name}, which the op lacks";
        if (node.Inputs.Skip(12).Any(i => i is not null)) return "its cache is quantised, or it norms queries and keys";
        return node.Outputs.Count > 0 && node.Outputs[0] is not null && node.Outputs.Skip(3).All(o => o is null) ? null : "its result is not used, or its scores are";
    }

    private string? Problem()
    {
        var batch = Node.Input(0)!.Shape![0];
        if (Tokens < 1 || Total < Tokens) return $"{Tokens} tokens of {Total} in total are none";
        if (Tokens * Total > LargestMask) return $"a mask of {Tokens} by {Total} is too large";
        if (!IsPrompt && Total > Past + Tokens) return $"a past of {Past} positions and {Tokens} new tokens are fewer than the {Total} in total";
        if (!IsPrompt && Tokens > 1 && batch.Value != 1 && !IsFull) return $"its {Tokens} tokens follow pasts whose lengths only the run knows, in a batch of {batch}";
        if (Node.Input(10) is { } bias && bias.Shape is not { Rank: 4 }) return $"the shape of the bias '{bias.Name}' is not known";
        if ((Node.Input(11) is not null || Node.Int("smooth_softmax", 0) != 0) && batch.Value is null) return "it has a sink, and the size of its batch is not known; --dims or --shape give it";
        if (Node.Input(11) is { } sink && sink.Type != Node.Input(0)!.Type) return $"its sink '{sink.Name}' is {sink.Type.Name()}";
        if (!Rotates) return null;
        if (Node.Input(7)?.Shape is not { Rank: 2 } cos || Node.Input(8)?.Shape?.SameAs(cos) != true || cos[1].Value is not { } half || 2 * half > Size)
            return "the shapes of its rotary tables are not known to fit its heads";
        if (Node.Input(9) is not { } positions) return null;
        if (IsPrompt) return "its prompt has positions of its own, of which ONNX Runtime's CPU provider reads the first only";
        return positions.Shape is { Rank: 2 } ? null : $"the shape of its positions '{positions.Name}' is not known";
    }
}
