namespace FlashRt.GraphRewriter.Cli;

/// <summary>Text for a terminal: names come from models, and a model from elsewhere may name a node with escape codes.</summary>
internal static class OneLine
{
    /// <summary>The text with a space for every control character and line break.</summary>
    public static string Of(string text) => string.Concat(text.ReplaceLineEndings(" ").Select(c => char.IsControl(c) ? ' ' : c)).Trim();
}
