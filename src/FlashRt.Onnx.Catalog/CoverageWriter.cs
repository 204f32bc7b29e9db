using System.Globalization;
using System.Text;

namespace FlashRt.Onnx.Catalog;

/// <summary>Writes <c>docs/catalog-coverage.md</c>: seed id, the call that stands for it, and the test that proves it.</summary>
public static class CoverageWriter
{
    /// <summary>The file's text.</summary>
    public static string Write(CatalogDocument catalog)
    {
        var rows = new List<(Seed Seed, string Call, string Test)>();
        foreach (var op in catalog.Ops)
            foreach (var seed in op.Seeds)
                rows.Add((seed, Call(op, seed), $"{TestClass(op.Family)}, op {op.Name}"));
        foreach (var function in catalog.Functions)
            foreach (var seed in function.Seeds)
                rows.Add((seed, $"`{function.Name}` ({function.Header}){(function.Managed is null ? "" : $", C# `{function.Managed}`")}", "Functions/FunctionTests"));

        var table = new MarkdownTable("id", "kernel of the seed catalog", "call here", "test in tests/CustomOps.Tests", "");
        foreach (var (seed, call, test) in rows.OrderBy(r => Order(r.Seed.Id)).ThenBy(r => r.Seed.Id, StringComparer.Ordinal))
            table.Row(seed.Id, $"`{seed.Kernel}`", call, test, seed.Note ?? "");

        return new StringBuilder("""
            # Coverage of the seed catalog

            <!-- Generated from native/customops/catalog.json. FLASHRT_UPDATE_DOCS=1 with the tests of FlashRt.Onnx.Catalog rewrites this file. -->

            Each kernel of the seed catalog is a call of one of our ops with the types, inputs and attributes shown, or a function of the
            native library. The tests run each call on the CPU provider and, where there is a device, on the CUDA provider.


            """)
            .Append(CultureInfo.InvariantCulture, $"{rows.Count} of 93 kernels.\n\n")
            .Append(table)
            .ToString();
    }

    /// <summary>The test class of a family: <c>norm</c> → <c>Norm/NormTests</c>.</summary>
    private static string TestClass(string family)
    {
        var name = char.ToUpperInvariant(family[0]) + family[1..];
        return $"{name}/{name}Tests";
    }

    private static string Call(Op op, Seed seed)
    {
        var text = new StringBuilder($"`{op.Name}({string.Join(", ", seed.Inputs)})");
        if (seed.Outputs is not null)
            text.Append(" → ").AppendJoin(", ", seed.Outputs);
        text.Append('`');
        if (seed.Types.TryGetValue("T", out var type))
            text.Append(' ').Append(type);
        foreach (var (name, value) in seed.Attributes)
            text.Append(' ').Append(name).Append('=').Append(Scalar(value));
        return text.ToString();
    }

    // The order of the seed catalog's sections.
    private static int Order(string id) => "NAFQGTRVMCJ".IndexOf(id[0], StringComparison.Ordinal);

    internal static string Scalar(object value) => value switch
    {
        double number => number.ToString("0.0###########", CultureInfo.InvariantCulture) is var fixedPoint && number != 0 && Math.Abs(number) < 1e-3
            ? number.ToString("0.###e-0", CultureInfo.InvariantCulture)
            : fixedPoint,
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
