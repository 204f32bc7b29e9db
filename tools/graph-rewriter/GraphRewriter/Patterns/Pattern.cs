namespace FlashRt.GraphRewriter.Patterns;

/// <summary>
/// What a rule looks for, written as a formula: <c>X / Sqrt(MeanLast(X * X) + Eps) * Gamma</c>. Sums and products match with their
/// operands in either order, <c>|</c> separates spellings, and a variable that appears twice must be the same value.
/// </summary>
public abstract record Pattern
{
    /// <summary>A sum, in either order.</summary>
    public static Pattern operator +(Pattern a, Pattern b) => new Op("Add", [a, b]) { Commutes = true };

    /// <summary>A difference.</summary>
    public static Pattern operator -(Pattern a, Pattern b) => new Op("Sub", [a, b]);

    /// <summary>A product, in either order.</summary>
    public static Pattern operator *(Pattern a, Pattern b) => new Op("Mul", [a, b]) { Commutes = true };

    /// <summary>A quotient.</summary>
    public static Pattern operator /(Pattern a, Pattern b) => new Op("Div", [a, b]);

    /// <summary>Either spelling; the left one is tried first.</summary>
    public static Pattern operator |(Pattern a, Pattern b) =>
        new Either([.. a is Either left ? left.Spellings : [a], .. b is Either right ? right.Spellings : [b]]);

    /// <summary>A constant of one element, as near to the number as the model's types allow.</summary>
    public static implicit operator Pattern(double number) => new Number(number);

    /// <summary>The same pattern, whose value the match gives under a variable.</summary>
    public Pattern As(Var variable) => new Bound(variable, this);

    /// <summary>The elements directly below this one.</summary>
    internal virtual IReadOnlyList<Pattern> Parts => [];
}

/// <summary>Any value; binds it. A second appearance must be the same value.</summary>
public sealed record Var(string Name) : Pattern
{
    internal Func<Value, bool>? Test { get; init; }

    internal string? Expect { get; init; }

    /// <summary>The same variable under a condition, which <paramref name="expect"/> says in words.</summary>
    public Var Where(Func<Value, bool> test, string expect) => this with { Test = test, Expect = expect };

    /// <inheritdoc/>
    public override string ToString() => Expect ?? Name;
}

/// <summary>A constant of one element; <paramref name="Tolerance"/> is relative and admits a bfloat16 rounding.</summary>
public sealed record Number(double Value, double Tolerance = 1.0 / 256) : Pattern
{
    /// <inheritdoc/>
    public override string ToString() => $"the constant {Value:0.######}";
}

/// <summary>The first spelling that matches, then the others.</summary>
public sealed record Either(IReadOnlyList<Pattern> Spellings) : Pattern
{
    internal override IReadOnlyList<Pattern> Parts => Spellings;

    /// <inheritdoc/>
    public override string ToString() => string.Join(" or ", Spellings.Select(s => s.ToString()).Distinct());
}

/// <summary>A product of any number of factors in any order and grouping.</summary>
public sealed record Product(IReadOnlyList<Pattern> Factors) : Pattern
{
    internal override IReadOnlyList<Pattern> Parts => Factors;

    /// <inheritdoc/>
    public override string ToString() => $"a product of {Factors.Count} factors";
}

/// <summary>A pattern whose value gets a name.</summary>
public sealed record Bound(Var Variable, Pattern Inner) : Pattern
{
    internal override IReadOnlyList<Pattern> Parts => [Inner];

    /// <inheritdoc/>
    public override string ToString() => Inner.ToString();
}

/// <summary>An input that may be left out.</summary>
public sealed record Optional(Pattern Inner) : Pattern
{
    internal override IReadOnlyList<Pattern> Parts => [Inner];

    /// <inheritdoc/>
    public override string ToString() => Inner.ToString();
}
