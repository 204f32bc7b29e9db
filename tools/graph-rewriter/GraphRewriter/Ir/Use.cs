namespace FlashRt.GraphRewriter.Ir;

/// <summary>One place where a value is read. <paramref name="Input"/> is -1 when a subgraph of <paramref name="Node"/> captures it.</summary>
public readonly record struct Use(Node Node, int Input);
