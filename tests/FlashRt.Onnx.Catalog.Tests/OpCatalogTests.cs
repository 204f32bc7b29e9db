namespace FlashRt.Onnx.Catalog.Tests;

[TestClass]
public sealed class OpCatalogTests
{
    private static readonly string[] ElementTypes = ["float32", "float16", "bfloat16", "float8e4m3fn", "uint8", "int8", "int32", "int64", "bool"];

    [TestMethod]
    public void NamesAreUnique()
    {
        CollectionAssert.AllItemsAreUnique(OpCatalog.Ops.Select(op => op.Name).ToList());
        CollectionAssert.AllItemsAreUnique(AllSeeds().Select(seed => seed.Id).ToList());
        foreach (var op in OpCatalog.Ops)
        {
            CollectionAssert.AllItemsAreUnique(op.Inputs.Select(i => i.Name).ToList(), op.Name);
            CollectionAssert.AllItemsAreUnique(op.Outputs.Select(o => o.Name).ToList(), op.Name);
            CollectionAssert.AllItemsAreUnique(op.Attributes.Select(a => a.Name).ToList(), op.Name);
        }
    }

    [TestMethod]
    public void EveryOpIsDescribedAndBelongsToAFamily()
    {
        foreach (var op in OpCatalog.Ops)
        {
            Assert.IsTrue(OpCatalog.Families.Any(f => f.Name == op.Family), $"{op.Name}: unknown family {op.Family}");
            foreach (var (what, text) in Texts(op))
                Assert.IsFalse(string.IsNullOrWhiteSpace(text), $"{op.Name}: {what} is empty");
        }
    }

    [TestMethod]
    public void TypesAreKnown()
    {
        foreach (var op in OpCatalog.Ops)
            foreach (var type in op.Inputs.Select(i => i.Type).Concat(op.Outputs.Select(o => o.Type)).Where(t => t != "T").Concat(op.Types))
                CollectionAssert.Contains(ElementTypes, type, op.Name);
    }

    [TestMethod]
    public void DefaultsFitTheirTypes()
    {
        foreach (var op in OpCatalog.Ops)
            foreach (var attribute in op.Attributes)
            {
                Assert.AreEqual(attribute.Required, attribute.Default is null, $"{op.Name}.{attribute.Name}");
                if (attribute.Default is { } value)
                    Assert.AreEqual(attribute.Type, value switch { long => "int", double => "float", string => "string", _ => "?" }, $"{op.Name}.{attribute.Name}");
                if (attribute is { Default: string text, Values.Count: > 0 })
                    CollectionAssert.Contains(attribute.Values.ToList(), text, $"{op.Name}.{attribute.Name}");
            }
    }

    [TestMethod]
    public void OptionalInputsComeLast()
    {
        foreach (var op in OpCatalog.Ops)
            Assert.IsFalse(op.Inputs.Zip(op.Inputs.Skip(1)).Any(pair => pair.First.Optional && !pair.Second.Optional), op.Name);
    }

    [TestMethod]
    public void AliasesNameInputsOfTheSameType()
    {
        foreach (var op in OpCatalog.Ops)
            foreach (var output in op.Outputs)
                foreach (var input in output.MayAlias)
                    Assert.AreEqual(op.Inputs[input].Type, output.Type, $"{op.Name}.{output.Name}");
    }

    [TestMethod]
    public void SeedsAreCallsThatTheirOpAccepts()
    {
        foreach (var op in OpCatalog.Ops)
            foreach (var seed in op.Seeds)
            {
                foreach (var input in seed.Inputs)
                    Assert.IsTrue(op.Inputs.Any(i => i.Name == input), $"{seed.Id}: no input {input}");
                foreach (var required in op.Inputs.Where(i => !i.Optional))
                    CollectionAssert.Contains(seed.Inputs.ToList(), required.Name, seed.Id);
                foreach (var output in seed.Outputs ?? [])
                    Assert.IsTrue(op.Outputs.Any(o => o.Name == output), $"{seed.Id}: no output {output}");
                foreach (var (name, value) in seed.Attributes)
                {
                    var attribute = op.FindAttribute(name);
                    Assert.IsNotNull(attribute, $"{seed.Id}: no attribute {name}");
                    if (attribute.Values.Count > 0)
                        CollectionAssert.Contains(attribute.Values.ToList(), value, seed.Id);
                }
                if (seed.Types.TryGetValue("T", out var type))
                    CollectionAssert.Contains(op.Types.ToList(), type, seed.Id);
            }
    }

    [TestMethod]
    public void EveryKernelOfTheSeedCatalogIsThereOnce()
    {
        Assert.HasCount(93, SeedIds.All);
        CollectionAssert.AreEquivalent(SeedIds.All.ToList(), AllSeeds().Select(seed => seed.Id).ToList());
    }

    private static IEnumerable<Seed> AllSeeds() => OpCatalog.Ops.SelectMany(op => op.Seeds).Concat(OpCatalog.Functions.SelectMany(f => f.Seeds));

    private static IEnumerable<(string What, string Text)> Texts(Op op)
    {
        yield return ("summary", op.Summary);
        yield return ("formula", op.Formula);
        yield return ("source", op.Source);
        foreach (var input in op.Inputs)
            yield return (input.Name, input.Doc);
        foreach (var output in op.Outputs)
            yield return (output.Name, output.Doc);
        foreach (var attribute in op.Attributes)
            yield return (attribute.Name, attribute.Doc);
    }
}
