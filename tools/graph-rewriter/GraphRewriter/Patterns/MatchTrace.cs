namespace FlashRt.GraphRewriter.Patterns;

/// <summary>Keeps the failure that came furthest: the one with most nodes matched before it.</summary>
internal sealed class MatchTrace
{
    public Miss? Best { get; private set; }

    public void Add(Bindings bindings, string expected, Value? value, bool isCheck = false)
    {
        if (Best is null || bindings.Nodes > Best.Depth) Best = new Miss(bindings.Nodes, expected, value, isCheck);
        else if (bindings.Nodes == Best.Depth && value == Best.Found && !Best.Expected.Contains(expected))
            Best = Best with { Expected = $"{Best.Expected} or {expected}" };
    }

    public static string Describe(Value? value) => value switch
    {
        null => "nothing",
        { Scalar: { } number } => $"the constant {number:0.######} ('{value.Name}')",
        { Constant: not null } => $"the constant tensor {value}",
        { Producer: { } node } => $"{node.OpType} (node '{node.Name}')",
        _ => $"the graph input {value}",
    };

    internal sealed record Miss(int Depth, string Expected, Value? Found, bool IsCheck);
}
