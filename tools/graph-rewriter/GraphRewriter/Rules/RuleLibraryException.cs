namespace FlashRt.GraphRewriter.Rules;

/// <summary>An assembly whose rules cannot be used; the message names the file and the reason.</summary>
public sealed class RuleLibraryException(string message, Exception? inner = null) : Exception(message, inner);
