using FlashRt.GraphRewriter.Rules.Heads;

namespace FlashRt.GraphRewriter.Passes;

/// <summary>
/// Nodes over an in-place cache, each with the function that says in standard ONNX what it computes. The graph they replace
/// concatenates, so it cannot be that function.
/// </summary>
internal static class CacheBodies
{
    /// <summary>Writes the concatenation's new tokens into its past.</summary>
    public static NodeProto Write(OnnxModel model, Node concat, Value position, long capacity)
    {
        Value past = concat.Inputs[0]!, present = concat.Outputs[0]!, x = Merged(concat.Inputs[1]!);
        var body = new FunctionBody(present);
        string Integers(string role, params long[] values) => body.Constant(role, ConstantTensor.From(DataType.Int64, [values.Length], values));
        var rows = body.Constant("rows", ConstantTensor.From(DataType.Int64, [1, 1, capacity, 1], [.. Enumerable.Range(0, (int)capacity).Select(i => (long)i)]));
        var here = body.Node("Equal", [rows, body.Node("Reshape", [position.Name, Integers("scalar", 1, 1, 1, 1)])]);
        var row = x == concat.Inputs[1] ? x.Name : body.Node("Reshape", [x.Name, Integers("heads", concat.Inputs[1]!.Shape!.Static()!)]);
        body.Node("Where", [here, row, past.Name], present.Name);
        return Node(model, body, "KvCacheWrite", [past.Name, x.Name, position.Name], present, ("layout", "BNSH"));
    }

    /// <summary>Attends to the rows of the caches that are written.</summary>
    public static NodeProto Attention(OnnxModel model, CachedAttention cached, string length, long capacity)
    {
        var site = cached.Site;
        var (a, result) = (site.Arrangement, cached.Result);
        var body = new FunctionBody(result);
        string Integers(string role, params long[] values) => body.Constant(role, ConstantTensor.From(DataType.Int64, [values.Length], values));
        string Number(string role, double value) => body.Constant(role, ConstantTensor.From(result.Type, [], [value]));
        string Op(string op, params string[] inputs) => body.Node(op, inputs);

        Value k = cached.Key.Outputs[0]!, v = cached.Value.Outputs[0]!;
        long batch = k.Shape![0].Value!.Value, own = k.Shape[1].Value!.Value, heads = Factor.Product(a.Queries.Heads)!.Value;
        // One token: [B, N, 1, D] is [B, own heads, N / own heads, D] in memory.
        var q = Op("Reshape", a.Q.View.Value.Name, Integers("groups", batch, own, heads / own, k.Shape[3].Value!.Value));
        var scores = Op("Mul", Op("MatMul", q, body.Node("Transpose", [k.Name], null, ("perm", new long[] { 0, 1, 3, 2 }))), Number("scale", site.Scale / (site.Cap > 0 ? site.Cap : 1)));
        if (site.Cap > 0) scores = Op("Mul", Op("Tanh", scores), Number("cap", site.Cap));
        var rows = body.Constant("rows", ConstantTensor.From(DataType.Int64, [1, 1, 1, capacity], [.. Enumerable.Range(0, (int)capacity).Select(i => (long)i)]));
        var written = Op("Less", rows, Op("Reshape", length, Integers("scalar", 1, 1, 1, 1)));
        scores = Op("Where", written, scores, Number("hidden", double.NegativeInfinity));
        var o = Op("MatMul", body.Node("Softmax", [scores], null, ("axis", -1L)), v.Name);
        body.Node("Reshape", [o, Integers("shape", result.Shape!.Static()!)], result.Name);

        var fusion = site.Fusion();
        string[] inputs = [a.Q.View.Value.Name, k.Name, v.Name, "", "", length];
        return Node(model, body, "Attention", inputs, result, [.. fusion.Attributes.Where(t => t.Name != "causal")]);
    }

    // One token's heads [B, N, 1, D] are [B, 1, N*D] in memory: what the projection gives, before it is taken apart.
    private static Value Merged(Value heads) => heads.Shape!.Static() is [var batch, var count, 1, var size] && TensorView.Fresh(heads) is { } view
        ? Operand.Sources(view).Select(o => o.View.Value).LastOrDefault(v => v.Type == heads.Type && v.Shape!.SameAs(Shape.Of(batch, 1, count * size))) ?? heads : heads;

    private static NodeProto Node(OnnxModel model, FunctionBody body, string op, string[] inputs, Value result, params (string Name, object Value)[] attributes) =>
        MadeSite.Make(model.Proto, "InPlaceCache", op, inputs, [result.Name], attributes.Select(a => Attributes.Make(a.Name, a.Value)), body.Nodes);
}
