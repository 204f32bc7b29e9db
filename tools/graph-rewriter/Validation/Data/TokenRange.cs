namespace FlashRt.Validation;

/// <summary>How many rows the tables have that an integer input looks things up in: its values must stay below that.</summary>
internal static class TokenRange
{
    // What hands indices on without changing their values.
    private static readonly HashSet<string> Transparent =
        ["Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Transpose", "Expand", "Slice", "Tile", "Split"];

    /// <summary>The smallest table that <paramref name="input"/> indexes, or null when it indexes none.</summary>
    public static long? Of(Value input)
    {
        long? smallest = null;
        var seen = new HashSet<Value> { input };
        var open = new Queue<Value>(seen);
        while (open.TryDequeue(out var value))
        {
            foreach (var use in value.Uses)
            {
                if (use is { Node: { OpType: "Gather", Domain: "" }, Input: 1 })
                    smallest = Smaller(smallest, Rows(use.Node));
                else if (use.Input == 0 && use.Node.Domain.Length == 0 && Transparent.Contains(use.Node.OpType))
                    foreach (var output in use.Node.Outputs)
                        if (output is not null && seen.Add(output)) open.Enqueue(output);
            }
        }
        return smallest;
    }

    private static long? Rows(Node gather) =>
        gather.Input(0)?.Shape is { } table ? table[(int)(gather.Proto.Attribute.FirstOrDefault(a => a.Name == "axis")?.I ?? 0)].Value : null;

    private static long? Smaller(long? a, long? b) => a is { } x && b is { } y ? Math.Min(x, y) : a ?? b;
}
