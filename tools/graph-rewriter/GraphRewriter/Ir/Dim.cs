using System.Globalization;

namespace FlashRt.GraphRewriter.Ir;

/// <summary>One axis of a shape: a number, a name that stands for the same unknown number everywhere, or nothing known.</summary>
public readonly record struct Dim(long? Value, string? Symbol)
{
    /// <summary>Symbols that inference invents start with this; they say "unknown, but the same wherever it appears".</summary>
    internal const char Invented = '$';

    /// <summary>An axis of which nothing is known.</summary>
    public static Dim Unknown => default;

    /// <summary>An axis of a known size.</summary>
    public static implicit operator Dim(long value) => new(value, null);

    /// <summary>An axis named by a symbol.</summary>
    public static Dim Named(string symbol) => new(null, symbol);

    internal bool IsInvented => Symbol is [Invented, ..];

    /// <summary>True when both are provably the same size.</summary>
    public bool SameAs(Dim other) =>
        Value is { } v ? other.Value == v : Symbol is not null && Symbol == other.Symbol;

    /// <inheritdoc/>
    public override string ToString() =>
        Value?.ToString(CultureInfo.InvariantCulture) ?? (IsInvented ? "?" : Symbol ?? "?");
}
