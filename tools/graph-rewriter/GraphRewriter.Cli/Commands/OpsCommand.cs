using System.Text.Json;
using System.Text.Json.Nodes;
using FlashRt.Onnx;
using FlashRt.Onnx.Catalog;

namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>flashrt ops: the ops that the native library registers, with the seed catalog's kernels they stand for.</summary>
internal static class OpsCommand
{
    public static Command Create(Terminal terminal)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON: names, providers, inputs, outputs, attributes, seed ids." };
        var command = new Command("ops", "The ops of the native library: types, providers, seed ids.") { json };
        command.SetAction(parsed => Run(terminal, parsed.GetValue(json)));
        return command;
    }

    private static int Run(Terminal terminal, bool json)
    {
        var library = JsonNode.Parse(FlashRtLibrary.OpsJson)!.AsObject();
        var catalog = OpCatalog.Parse(FlashRtLibrary.CatalogJson).Ops.ToDictionary(op => op.Name, op => op.Seeds.Select(s => s.Id).ToList());
        foreach (var op in library["ops"]!.AsArray())
            op!["seeds"] = JsonSerializer.SerializeToNode(catalog.GetValueOrDefault((string)op["name"]!) ?? []);
        if (json)
        {
            terminal.Out.WriteLine(library.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
            return ExitCode.Ok;
        }
        terminal.Table(["op", "types", "providers", "seeds"], library["ops"]!.AsArray().Select(op => new[]
        {
            (string)op!["name"]!, string.Join(" ", Types(op)), Joined(op["providers"]), Joined(op["seeds"]),
        }));
        return ExitCode.Ok;
    }

    private static IEnumerable<string> Types(JsonNode op) =>
        op["inputs"]!.AsArray().Concat(op["outputs"]!.AsArray()).SelectMany(i => i!["types"]!.AsArray()).Select(t => (string)t!).Distinct();

    private static string Joined(JsonNode? texts) => string.Join(" ", texts!.AsArray().Select(t => (string)t!));
}
