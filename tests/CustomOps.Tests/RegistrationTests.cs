using System.Text.Json;

namespace FlashRt.CustomOps.Tests;

/// <summary>The catalog and the native library say the same, and every op of it loads.</summary>
[TestClass]
public sealed class RegistrationTests
{
    public static IEnumerable<object[]> Rows => OpCatalog.Families.SelectMany(family => OpRows.Of(family.Name));

    private static Dictionary<string, JsonElement> Registered { get; } =
        JsonDocument.Parse(FlashRtLibrary.OpsJson).RootElement.GetProperty("ops").EnumerateArray().ToDictionary(op => op.GetProperty("name").GetString()!);

    [TestMethod]
    public void LibraryCarriesThisCatalog() =>
        Assert.AreEqual(JsonSerializer.Serialize(OpCatalog.Document), JsonSerializer.Serialize(OpCatalog.Parse(FlashRtLibrary.CatalogJson)),
            "The native library was built from another catalog.json. Run ./build.sh native.");

    [TestMethod]
    public void EveryOpIsRegisteredAndNoOther() =>
        CollectionAssert.AreEquivalent(OpCatalog.Ops.Select(op => op.Name).ToList(), Registered.Keys.ToList());

    [TestMethod]
    public void SchemasAgree()
    {
        foreach (var op in OpCatalog.Ops)
        {
            var native = Registered[op.Name];
            CollectionAssert.AreEqual(op.Inputs.Select(i => $"{i.Name} {Types(op, i.Type)} {i.Optional}").ToList(), List(native, "inputs", Operand), op.Name);
            CollectionAssert.AreEqual(op.Outputs.Select(o => $"{o.Name} {Types(op, o.Type)} {o.Optional} {string.Join(",", o.MayAlias)}").ToList(),
                List(native, "outputs", o => $"{Operand(o)} {string.Join(",", o.GetProperty("may_alias").EnumerateArray())}"), op.Name);
            CollectionAssert.AreEquivalent(op.Attributes.Select(a => $"{a.Name} {a.Type} {a.Required} [{string.Join(",", a.Values)}] {Default(a)}").ToList(),
                List(native, "attributes", a => $"{Text(a, "name")} {Text(a, "type")} {a.GetProperty("required").GetBoolean()} [{string.Join(",", a.GetProperty("values").EnumerateArray())}] {Default(a)}"), op.Name);
        }
    }

    [TestMethod]
    public void ProvidersAgree()
    {
        foreach (var op in OpCatalog.Ops)
        {
            var providers = Registered[op.Name].GetProperty("providers").EnumerateArray().Select(p => p.GetString()!).ToList();
            var expected = FlashRtLibrary.Capabilities.BuiltWithCuda ? op.Providers : op.Providers.Where(p => p == "cpu");
            CollectionAssert.AreEquivalent(expected.ToList(), providers, op.Name);
        }
    }

    /// <summary>A model of one node loads, for every form of call.</summary>
    [TestMethod, DynamicData(nameof(Rows))]
    public void EveryFormLoads(string op, string type, OpProvider provider)
    {
        Cuda.RequireFor(provider);
        foreach (var opCase in OpRows.Cases(op, type))
            OpSessions.Open(opCase.Signature, opCase.Samples[0].Operands, provider).Dispose();
    }

    private static string Types(Op op, string type) => string.Join(",", type == "T" ? op.Types : [type]);

    private static string Operand(JsonElement operand) =>
        $"{Text(operand, "name")} {string.Join(",", operand.GetProperty("types").EnumerateArray())} {operand.GetProperty("optional").GetBoolean()}";

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static string Default(OpAttribute a) => a.Required ? "" : a.Type == "float" ? $"{(float)(double)a.Default!}" : $"{a.Default}";

    private static string Default(JsonElement a) => a.GetProperty("required").GetBoolean() ? ""
        : Text(a, "type") == "float" ? $"{a.GetProperty("default").GetSingle()}" : a.GetProperty("default").ToString();

    private static List<string> List(JsonElement op, string name, Func<JsonElement, string> text) => [.. op.GetProperty(name).EnumerateArray().Select(text)];
}
