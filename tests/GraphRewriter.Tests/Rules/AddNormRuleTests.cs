using static FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;
using static FlashRt.GraphRewriter.Tests.Spellings.NormSpellings;

namespace FlashRt.GraphRewriter.Tests.Rules;

[TestClass]
public sealed class AddNormRuleTests
{
    [TestMethod]
    public void BroadcastSumIsLeftAlone()
    {
        var g = new GraphBuilder(23);
        var sum = g.Op("Add", g.Input("x", Float16, 2, 3, Width), g.Input("position", Float16, 1, 3, Width));
        g.Node("RMSNormalization", [sum, g.Initializer("w", Float16, [Width], Ramp(Width))], [("epsilon", 1e-6f)], ["y"]);
        g.Output("y", Float16, 2, 3, Width);
        new NearMiss("broadcast", g.Build, "AddRmsNorm", "are not provably of one shape ([2,3,8] and [1,3,8])").Check();
    }

    [TestMethod]
    public void FusedNodeThatWouldWaitForItselfIsLeftAlone()
    {
        var g = new GraphBuilder(23);
        var x = g.Input("x", Float16, 2, Width);
        var sum = g.Op("Add", x, x);
        var w = g.Node("ReduceMax", [sum, g.Integers("axes", 0)], [("keepdims", 0)])[0];
        g.Node("RMSNormalization", [sum, w], [("epsilon", 1e-6f)], ["y"]);
        g.Output("y", Float16, 2, Width);
        new NearMiss("cycle", g.Build, "AddRmsNorm", "an input of the fused node is computed from its output").Check();
    }
}
