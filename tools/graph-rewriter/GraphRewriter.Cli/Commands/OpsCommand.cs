using System.Text.Json;
using System.Text.Json.Nodes;
using FlashRt.Onnx;
using FlashRt.Onnx.Catalog;

namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>flashrt ops: the ops that the native library registers, and its C functions, with the seed catalog's kernels they stand for.</summary>
internal static class OpsCommand
{
    public static Command Create(Terminal terminal)
    {
        var json = new Option<bool>("--json") { Description = "Print JSON: names, providers, inputs, outputs, attributes, seed ids, and the C functions for seed ids that are no ops." };
        var command = new Command("ops", "The ops and functions of the native library: types, providers, seed ids.") { json };
        command.SetAction(parsed => Run(terminal, parsed.GetValue(json)));
        return command;
    }

    private static int Run(Terminal terminal, bool json)
    {
        var library = JsonNode.Parse(FlashRtLibrary.OpsJson)!.AsObject();
        var catalog = OpCatalog.Parse(FlashRtLibrary.CatalogJson);
        var seeds = catalog.Ops.ToDictionary(op => op.Name, op => op.Seeds.Select(s => s.Id).ToList());
        foreach (var op in library["ops"]!.AsArray())
            op!["seeds"] = JsonSerializer.SerializeToNode(seeds.GetValueOrDefault((string)op["name"]!) ?? []);
        // A function serves what the build serves.
        var providers = library["ops"]!.AsArray().SelectMany(op => op!["providers"]!.AsArray()).Select(p => (string)p!).Distinct().ToList();
        library["functions"] = JsonSerializer.SerializeToNode(catalog.Functions.Select(f => new
        {
            name = f.Name, header = f.Header, managed = f.Managed, providers, seeds = f.Seeds.Select(s => s.Id),
        }));
        if (json)
        {
            terminal.Out.WriteLine(library.ToJsonString(new JsonSerializerOptions { WriteIndented = true }));
            return ExitCode.Ok;
        }
        terminal.Table(["op", "types", "providers", "seeds"], library["ops"]!.AsArray().Select(op => new[]
        {
            (string)op!["name"]!, string.Join(" ", Types(op)), Joined(op["providers"]), Joined(op["seeds"]),
        }));
        terminal.Table(["function", "header", "providers", "seeds"], library["functions"]!.AsArray().Select(f => new[]
        {
            (string)f!["name"]!, (string)f["header"]!, Joined(f["providers"]), Joined(f["seeds"]),
        }));
        return ExitCode.Ok;
    }

    private static IEnumerable<string> Types(JsonNode op) =>
        op["inputs"]!.AsArray().Concat(op["outputs"]!.AsArray()).SelectMany(i => i!["types"]!.AsArray()).Select(t => (string)t!).Distinct();

    private static string Joined(JsonNode? texts) => string.Join(" ", texts!.AsArray().Select(t => (string)t!));
}
