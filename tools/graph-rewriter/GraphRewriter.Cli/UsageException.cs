namespace FlashRt.GraphRewriter.Cli;

/// <summary>The command line asks for something that cannot be; found after parsing.</summary>
internal sealed class UsageException(string message) : Exception(message);
