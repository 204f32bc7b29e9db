namespace FlashRt.GraphRewriter;

/// <summary>A pass was finished: <paramref name="Done"/> of <paramref name="Total"/>, changing <paramref name="Changes"/> places.</summary>
public sealed record RewriteProgress(string Stage, int Done, int Total, int Changes);
