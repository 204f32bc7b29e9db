using FlashRt.GraphRewriter.Rules.Heads;

namespace FlashRt.GraphRewriter.Passes.Canonical;

/// <summary>
/// Attention scores under several masks get one: <c>where(c, s, lowest) + bias → s + (bias + where(c, 0, lowest))</c>. All masks but one
/// only hide keys, so visible scores are the same numbers, and e to a hidden one is 0 either way.
/// </summary>
public sealed class JoinMasks : IPass
{
    /// <inheritdoc/>
    public string Name => "Join masks";

    /// <inheritdoc/>
    public int Run(PassContext context)
    {
        var edit = new GraphEdit(context);
        var joined = edit.Graph.Nodes.Where(n => n is { OpType: "Softmax", Domain: "" }).Count(n => Join(n, edit));
        return edit.Apply(joined);
    }

    private static bool Join(Node softmax, GraphEdit edit)
    {
        if (softmax.Input(0) is not { } top || TensorView.Fresh(top) is not { Axes.Count: >= 2 } view) return false;
        var scores = ScoreReader.Read(view);
        if (scores.Product is null || scores.Sink is not null) return false;
        ScoreMask[] masks = [.. scores.Masks.Where(m => m.View.Value.Constant is null || !HidesOnly(m))];
        if (masks.All(m => m.View.Value.Constant is not null) || (!masks.Any(NeedsJoining) && masks.Length < 2)) return false;
        if (masks.Count(m => !HidesOnly(m)) > 1 || masks.Any(m => edit.IsGone(m.Node) || m.Node.Outputs[0]!.Consumers.Count() != 1)) return false;
        if (masks.Any(m => m.Fill is null && m.View.Value.Type != top.Type) || masks.Any(m => !IsAtTop(m, top) && !IsWhole(m, top))) return false;

        var nodes = new List<NodeProto>();
        var name = masks.Select(m => Additive(m, top, nodes, edit)).Aggregate((a, b) => Op(nodes, edit, "Add", $"{top.Name}.masks", a, b));
        var sum = Op(nodes, edit, "Add", $"{top.Name}.masked", top.Name, name);
        var copy = softmax.Proto.Clone();
        copy.Input[0] = sum;
        foreach (var mask in masks)
        {
            if (!edit.Forward(mask.Node.Outputs[0]!, mask.Scores)) return false;
            edit.Replace(mask.Node);
        }
        edit.Replace(softmax, [.. nodes, copy]);
        return true;
    }

    // A condition whose replacement is a number, which the op has no word for; or a mask under a reshape.
    private static bool NeedsJoining(ScoreMask mask) => mask.Fill is { } fill && !double.IsNegativeInfinity(fill)
        || (mask.Fill is null && mask.View.Axes.Count == 3 && mask.View.Axes[0].SelectMany(f => f.Leaves).Count() > 1);

    private static bool HidesOnly(ScoreMask mask) => mask.Fill is not null
        || (mask.View.Value.Constant is { Count: <= 1 << 22 } c && c.ReadAsDouble().All(v => v == 0 || ScoreReader.Hides(v, c.Type)))
        || mask.View.Value.Producer is { OpType: "Where", Domain: "" } node
        && node.Inputs.Skip(1).All(i => i!.Scalar is { } v && (v == 0 || ScoreReader.Hides(v, i.Type)));

    private static bool IsAtTop(ScoreMask mask, Value top) => mask.Node.Outputs[0]!.Shape!.SameAs(top.Shape);

    private static bool IsWhole(ScoreMask mask, Value top) => top.Shape!.Static() is not null && mask.View.Value.Shape!.SameAs(mask.Node.Outputs[0]!.Shape);

    private static string Additive(ScoreMask mask, Value top, List<NodeProto> nodes, GraphEdit edit)
    {
        var value = mask.View.Value;
        var name = value.Name;
        if (mask.Fill is { } fill)
        {
            string visible = Number(0), hidden = Number(fill);
            name = Op(nodes, edit, "Where", $"{value.Name}.bias", name, mask.HidesWhere ? hidden : visible, mask.HidesWhere ? visible : hidden);
        }
        return IsAtTop(mask, top) ? name : Op(nodes, edit, "Reshape", $"{value.Name}.whole", name, edit.Integers($"{value.Name}.whole.shape", top.Shape!.Static()!));

        string Number(double number)
        {
            var made = edit.FreeName($"{value.Name}.number");
            edit.Store(made, ConstantTensor.From(top.Type, [], [number]).ToProto(made));
            return made;
        }
    }

    private static string Op(List<NodeProto> nodes, GraphEdit edit, string op, string wish, params string[] inputs)
    {
        var node = new NodeProto { OpType = op, Name = edit.FreeName(wish) };
        node.Input.AddRange(inputs);
        node.Output.Add(node.Name);
        nodes.Add(node);
        return node.Name;
    }
}
