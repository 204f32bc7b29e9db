using FlashRt.GraphRewriter.Ir.Protos;
using DataType = FlashRt.GraphRewriter.Ir.Protos.TensorProto.Types.DataType;

namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>flashrt inspect: what is in a model, and what a rewrite would do with it.</summary>
internal static class InspectCommand
{
    public static Command Create(Terminal terminal)
    {
        var input = CommonArguments.Model("MODEL.onnx", "The model to look at.");
        var shapes = CommonArguments.Shapes();
        var dims = CommonArguments.Dims();
        var rules = CommonArguments.Rules();
        var command = new Command("inspect", "Ops, types, shapes and dynamic axes of a model, and what a rewrite would do.") { input, shapes, dims, rules };
        command.SetAction(parsed => Run(terminal, parsed.GetValue(input)!, new RewriteOptions
        {
            Shapes = parsed.GetValue(shapes)!, Dims = parsed.GetValue(dims)!, OwnRules = CommonArguments.LoadRules(parsed.GetValue(rules)!),
        }));
        return command;
    }

    private static int Run(Terminal terminal, string input, RewriteOptions options)
    {
        var model = OnnxModel.Load(input);
        ShapeCheck.Of(model, options.Shapes, options.Dims);
        Header(terminal, model);
        Interface(terminal, "input", model, model.Proto.Graph.Input.Where(i => model.Graph.Find(i.Name)?.Initializer is null));
        Interface(terminal, "output", model, model.Proto.Graph.Output);
        terminal.Table(["op", "nodes>", "types"], model.Graph.Nodes.GroupBy(OpName).OrderByDescending(g => g.Count()).ThenBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => new[] { g.Key, $"{g.Count()}", string.Join(" ", Types(g)) }));
        terminal.Line("A rewrite would give:");
        RewriteCommand.Print(terminal, Rewriter.Rewrite(model.Clone(), options));
        return ExitCode.Ok;
    }

    private static void Header(Terminal terminal, OnnxModel model)
    {
        var proto = model.Proto;
        var opsets = string.Join(", ", proto.OpsetImport.Select(o => $"{(o.Domain.Length == 0 ? "ai.onnx" : o.Domain)} {o.Version}"));
        var weights = proto.Graph.Initializer.Sum(t => (((DataType)t.DataType).Bits() ?? 0) * t.Dims.Aggregate(1L, (n, d) => n * d) / 8);
        var producer = proto.ProducerName.Length > 0 ? $", by {proto.ProducerName} {proto.ProducerVersion}" : "";
        terminal.Line(Markup.Escape($"{model.Path}: IR {proto.IrVersion}, {opsets}{producer}"));
        terminal.Line($"{Format.Count(model.Graph.Nodes.Count, "node")}, {Format.Count(proto.Graph.Initializer.Count, "weight")} of {weights / 1e6:0.0} MB");
        var symbols = proto.Graph.Input.SelectMany(i => i.Type?.TensorType?.Shape?.Dim ?? []).Where(d => !d.HasDimValue)
            .Select(d => d.HasDimParam ? d.DimParam : "?").Distinct().ToList();
        terminal.Line(symbols.Count == 0 ? "static shapes" : Markup.Escape($"dynamic axes: {string.Join(", ", symbols)}"));
    }

    private static void Interface(Terminal terminal, string what, OnnxModel model, IEnumerable<ValueInfoProto> values) =>
        terminal.Table([what, "type", "shape"], values.Select(v => new[]
        {
            v.Name, model.Graph.Find(v.Name)!.Type.Name(), model.Graph.Find(v.Name)!.Shape?.ToString() ?? "unknown",
        }));

    private static string OpName(Node node) => node.Domain.Length == 0 ? node.OpType : $"{node.Domain}::{node.OpType}";

    private static IEnumerable<string> Types(IEnumerable<Node> nodes) =>
        nodes.SelectMany(n => n.Outputs.OfType<Value>()).Select(v => v.Type == DataType.Undefined ? "?" : v.Type.Name())
            .Distinct().Order(StringComparer.Ordinal);
}
