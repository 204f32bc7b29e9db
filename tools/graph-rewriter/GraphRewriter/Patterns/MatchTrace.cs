namespace FlashRt.GraphRewriter.Patterns;

/// <summary>Keeps the failure that came furthest: the one with most nodes matched before it.</summary>
internal sealed class MatchTrace
{
    public Miss? Best { get; private set; }

    public void Add(Bindings bindings, string expected, Value? value, bool isCheck = false)
    {
        if (Best is null || bindings.Nodes > Best.Depth) Best = new Miss(bindings, expected, value, isCheck);
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

    internal sealed record Miss(Bindings Bindings, string Expected, Value? Found, bool IsCheck)
    {
        public int Depth => Bindings.Nodes;

        public PatternMiss ToPatternMiss()
        {
            var (element, at) = Place();
            return new PatternMiss(element, at?.Name ?? "", Expected, Describe(Found), Depth);
        }

        // A condition fails at its own node, everything else at the input of the node that was matched last.
        private (string Element, Node? At) Place()
        {
            var matched = Bindings.MatchedNodes().Select(m => m.Node);
            if (IsCheck) return ($"{Found?.Producer?.OpType} '{Found?.Producer?.Name}'", Found?.Producer);
            var reader = matched.FirstOrDefault(n => n.Inputs.Contains(Found));
            if (reader is null) return ("the core", Found?.Producer);
            var input = reader.Inputs.TakeWhile(i => i != Found).Count();
            return ($"input {input} of {reader.OpType} '{reader.Name}'", Found?.Producer ?? reader);
        }
    }
}
