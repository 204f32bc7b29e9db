using Google.Protobuf;

namespace FlashRt.GraphRewriter.Tests;

/// <summary>Models damaged at random are refused or rewritten, never met with another exception.</summary>
[TestClass]
public sealed class FuzzTests
{
    private const int Cases = 3000;

    [TestMethod]
    public void DamagedModelsAreRefusedOrRewritten()
    {
        var random = new Random(20261122);
        var models = new[] { "pi0_denoise_fp16", "siglip_fp16_ts", "qwen3_op23" }.Select(n => ModelTests.Load(n).Proto).ToArray();
        var path = Path.GetTempFileName();
        var rewritten = 0;
        try
        {
            for (var i = 0; i < Cases; i++)
            {
                var proto = models[random.Next(models.Length)].Clone();
                for (var n = random.Next(1, 4); n > 0; n--) Damage(proto.Graph, random);
                var bytes = proto.ToByteArray();
                if (i % 8 == 0) bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
                File.WriteAllBytes(path, bytes);
                try
                {
                    var model = OnnxModel.Load(path);
                    Rewriter.Rewrite(model, new RewriteOptions());
                    Restorer.Restore(model);
                    rewritten++;
                }
                catch (OnnxModelException)
                {
                    // The one answer to a broken model.
                }
            }
        }
        finally
        {
            File.Delete(path);
        }
        Assert.IsTrue(rewritten > Cases / 5, $"only {rewritten} of {Cases} got as far as the rules");
    }

    private static void Damage(GraphProto graph, Random random)
    {
        var node = Pick(graph.Node, random);
        var other = Pick(graph.Node, random).Output.FirstOrDefault("");
        var tensor = Pick(graph.Initializer, random);
        switch (random.Next(10))
        {
            case 0 when node.Input.Count > 0: node.Input[random.Next(node.Input.Count)] = other; break;
            case 1: node.OpType = Pick(graph.Node, random).OpType; break;
            case 2 when node.Input.Count > 0: node.Input.RemoveAt(node.Input.Count - 1); break;
            case 3: node.Input.Add(other); break;
            case 4 when node.Input.Count > 0: node.Input[random.Next(node.Input.Count)] = ""; break;
            case 5: foreach (var a in node.Attribute) (a.I, a.F) = (random.NextInt64(), float.NaN); break;
            case 6 when tensor.Dims.Count > 0: tensor.Dims[0] = random.NextInt64(); break;
            case 7: tensor.RawData = ByteString.CopyFrom(Enumerable.Range(0, tensor.RawData.Length).Select(_ => (byte)random.Next(256)).ToArray()); break;
            case 8: tensor.DataType = random.Next(28); break;
            default: graph.Node.Insert(random.Next(graph.Node.Count), node.Clone()); graph.Node.Remove(node); break;
        }
    }

    private static T Pick<T>(IList<T> from, Random random) => from[random.Next(from.Count)];
}
