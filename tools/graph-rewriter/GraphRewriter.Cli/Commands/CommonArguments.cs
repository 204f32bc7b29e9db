using System.CommandLine.Parsing;
using System.Globalization;
using FlashRt.GraphRewriter.Rules;

namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>Arguments that several commands have, with their checks, so that a mistake is found before any work.</summary>
internal static class CommonArguments
{
    public static Argument<string> Model(string name, string description)
    {
        var argument = new Argument<string>(name) { Description = description };
        argument.Validators.Add(result =>
        {
            var path = result.GetValueOrDefault<string>();
            // A folder is there, and refused as every file is that holds no model.
            if (!File.Exists(path) && !Directory.Exists(path)) result.AddError($"{path}: no such file.");
        });
        return argument;
    }

    public static Option<string> Output() => OutputFile(new Option<string>("--output", "-o")
    {
        Description = "The file to write.", HelpName = "OUT.onnx", Required = true,
    });

    public static Option<string> Report() => OutputFile(new Option<string>("--report") { Description = "Write the result as JSON.", HelpName = "R.json" });

    public static Option<string> Html() => OutputFile(new Option<string>("--html") { Description = "Write the result as one HTML page.", HelpName = "R.html" });

    public static Option<string> Provider() => new Option<string>("--provider")
    {
        Description = "Where the model runs: cpu or cuda.", HelpName = "cpu|cuda", DefaultValueFactory = _ => "cpu",
    }.AcceptOnlyFromAmong("cpu", "cuda");

    /// <summary>--shape NAME=1x24, repeated for further inputs.</summary>
    public static Option<Dictionary<string, long[]>> Shapes() => new("--shape")
    {
        Description = "Shape of an input with dynamic axes; repeat it for further inputs.",
        HelpName = "NAME=1x24",
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = _ => [],
        CustomParser = ParseShapes,
    };

    /// <summary>--dims batch=1,seq=24: sizes by the names that the model gives its dynamic axes.</summary>
    public static Option<Dictionary<string, long>> Dims() => new("--dims")
    {
        Description = "Sizes of dynamic axes by their names; the model becomes static, and what follows from the sizes is folded away.",
        HelpName = "batch=1,seq=24",
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = _ => [],
        CustomParser = ParseDims,
    };

    /// <summary>--rules my.dll, repeated for further assemblies.</summary>
    public static Option<string[]> Rules() => new("--rules")
    {
        Description = "Assembly with rules of your own, which are tried before the built-in ones; repeat it for further assemblies.",
        HelpName = "RULES.dll",
        DefaultValueFactory = _ => [],
    };

    /// <summary>
    /// The one value that the command line gives an option or argument, for checks of several together: GetValue throws where there is none or
    /// are several, before that error is told.
    /// </summary>
    public static string? Text(this CommandResult result, Symbol symbol) => result.Texts(symbol) is [var only] ? only : null;

    private static string[] Texts(this CommandResult result, Symbol symbol) =>
        [.. (symbol is Option option ? result.GetResult(option) : result.GetResult((Argument)symbol) as SymbolResult)?.Tokens.Select(t => t.Value) ?? []];

    /// <summary>Makes it an error to write a file that the command reads, also as test data, or two results into one file.</summary>
    public static void KeepApart(this Command command, IReadOnlyList<Symbol> inputs, IReadOnlyList<Option<string>> outputs) => command.Validators.Add(result =>
    {
        IEnumerable<string> Paths(Symbol symbol) => result.Texts(symbol).Where(path => path.Length > 0 && !path.Contains('\0'));
        // A link that is read is lost by its own name and by what it leads to.
        var read = inputs.SelectMany(Paths).SelectMany(p => Directory.Exists(p) ? TestData.Files(p) : [p]).Where(File.Exists)
            .SelectMany(p => new[] { RealPath.OfName(p), RealPath.Of(p) }).ToHashSet();
        var written = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var output in outputs)
        {
            if (Paths(output).ToList() is not [var path]) continue;
            var place = RealPath.OfName(path);
            if (read.Contains(place)) result.AddError($"{output.Name} {place} is an input, which would be lost; choose another name.");
            else if (!written.TryAdd(place, output.Name)) result.AddError($"{written[place]} and {output.Name} are both {place}; give each a name of its own.");
        }
    });

    /// <summary>Refuses results that would be written over a weight file of a model that the command reads.</summary>
    public static void SpareWeights(OnnxModel model, params IEnumerable<string?> outputs)
    {
        foreach (var path in outputs.OfType<string>())
            if (model.WeightFiles.Contains(RealPath.OfName(path))) throw new OnnxModelException(path, $"is a file with weights of {model.Path}; choose another name");
    }

    /// <summary>The rules of the assemblies; one that holds none is a usage error.</summary>
    public static IReadOnlyList<IRule> LoadRules(IEnumerable<string> paths)
    {
        try
        {
            return [.. paths.SelectMany(RuleLibrary.Load)];
        }
        catch (RuleLibraryException e)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>An optional number; what is no number, or not <paramref name="wanted"/>, is a usage error.</summary>
    public static Option<T?> Number<T>(string name, string helpName, string description, Func<T, bool> wanted, string expected) where T : struct, IParsable<T>
    {
        var option = new Option<T?>(name) { Description = description, HelpName = helpName };
        option.CustomParser = result =>
        {
            if (T.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var value) && wanted(value)) return value;
            result.AddError($"{name} is '{result.Tokens[0].Value}'; expected {expected}.");
            return null;
        };
        return option;
    }

    private static Dictionary<string, long[]> ParseShapes(ArgumentResult result)
    {
        var shapes = new Dictionary<string, long[]>(StringComparer.Ordinal);
        foreach (var text in result.Tokens.Select(t => t.Value))
        {
            var at = text.LastIndexOf('=');
            var dims = at > 0 ? text[(at + 1)..].Split('x').Select(ParseDim).ToList() : [];
            if (dims.Count == 0 || dims.Contains(null)) result.AddError($"'{text}' is not a shape; expected NAME=1x24 with sizes of 1 or more.");
            else if (!shapes.TryAdd(text[..at], [.. dims.Select(d => d!.Value)])) result.AddError($"--shape gives input '{text[..at]}' twice.");
        }
        return shapes;
    }

    private static Dictionary<string, long> ParseDims(ArgumentResult result)
    {
        var dims = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var text in result.Tokens.SelectMany(t => t.Value.Split(',', StringSplitOptions.TrimEntries)))
        {
            var at = text.LastIndexOf('=');
            if (at <= 0 || (text[(at + 1)..] != "0" && ParseDim(text[(at + 1)..]) is null)) result.AddError($"'{text}' is not the size of an axis; expected NAME=24.");
            else if (!dims.TryAdd(text[..at].Trim(), ParseDim(text[(at + 1)..]) ?? 0)) result.AddError($"--dims gives '{text[..at]}' twice.");
        }
        return dims;
    }

    private static long? ParseDim(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var dim) && dim is > 0 and < 1L << 40 ? dim : null;

    private static Option<string> OutputFile(Option<string> option)
    {
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is not { } path) return;
            if (path.Length == 0 || path.Contains('\0')) result.AddError($"{option.Name} names no file.");
            else if (Directory.Exists(path)) result.AddError($"{path} is a folder; expected a file name.");
            else if (FileIdentity.IsSpecial(path) || Path.GetDirectoryName(RealPath.OfName(path)) == "/dev") result.AddError($"{path} is no regular file, and would be replaced by one; expected a file name.");
            else if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
                result.AddError($"{path}: the folder {folder} does not exist.");
        });
        return option;
    }
}
