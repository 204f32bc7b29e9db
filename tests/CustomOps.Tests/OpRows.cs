namespace FlashRt.CustomOps.Tests;

/// <summary>Rows of data-driven tests: op × type × provider.</summary>
internal static class OpRows
{
    /// <summary>Every op of a family, with each type and provider.</summary>
    public static IEnumerable<object[]> Of(string family) =>
        from op in OpCatalog.Ops
        where op.Family == family
        from type in Types(op)
        from provider in op.Providers
        select new object[] { op.Name, type, Enum.Parse<OpProvider>(provider, ignoreCase: true) };

    /// <summary>Every op of a family that has an unfused graph, with each type.</summary>
    public static IEnumerable<object[]> Bodies(string family) =>
        from op in OpCatalog.Ops
        where op.Family == family && OpBodies.Exists(op.Name)
        from type in Types(op)
        select new object[] { op.Name, type };

    /// <summary>Names of the types that an op comes in.</summary>
    public static IReadOnlyList<string> Types(Op op) => op.Types.Count > 0 ? op.Types : ["float32"];

    /// <summary>The cases of an op in one type.</summary>
    public static IEnumerable<OpCase> Cases(string op, string type) => OpCases.Of(op).Where(c => c.Signature.Type.Name() == type);
}
