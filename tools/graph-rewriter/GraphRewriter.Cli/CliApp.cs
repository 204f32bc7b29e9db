using System.CommandLine.Invocation;
using FlashRt.GraphRewriter.Cli.Commands;
using FlashRt.Onnx;

namespace FlashRt.GraphRewriter.Cli;

/// <summary>The command line as a function: arguments in, exit code out, everything said goes to the two writers.</summary>
public static class CliApp
{
    /// <summary>Runs one command. Errors are one message on <paramref name="error"/>, never a stack trace.</summary>
    public static int Run(string[] args, TextWriter output, TextWriter error)
    {
        var terminal = new Terminal(output);
        try
        {
            var parsed = Root(terminal).Parse(args);
            if (parsed.Errors.Count > 0 && parsed.Action is not { ClearsParseErrors: true })
            {
                var command = parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";
                return Fail(error, $"{string.Join(" ", parsed.Errors.Select(e => e.Message).Distinct())} See 'flashrt {command}--help'.", ExitCode.Usage);
            }
            return parsed.Invoke(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
        }
        catch (UsageException e)
        {
            return Fail(error, e.Message, ExitCode.Usage);
        }
        catch (Exception e) when (e is OnnxModelException or ValidationException or FlashRtException or IOException or UnauthorizedAccessException)
        {
            return Fail(error, e.Message, ExitCode.Refused);
        }
        catch (OutOfMemoryException)
        {
            return Fail(error, "There is not enough memory on this machine for the model or the data.", ExitCode.Refused);
        }
        catch (Exception e)
        {
            return Fail(error, $"An unexpected {e.GetType().Name}: {e.Message} Please report it, with the model if you can.", ExitCode.Refused);
        }
    }

    private static RootCommand Root(Terminal terminal) => new("Rewrites ONNX models to FlashRT ops, proves the result, and measures it.")
    {
        RewriteCommand.Create(terminal),
        ValidateCommand.Create(terminal),
        InspectCommand.Create(terminal),
        ExplainCommand.Create(terminal),
        PreflightCommand.Create(terminal),
        BenchCommand.Create(terminal),
        OpsCommand.Create(terminal),
        ValidateOpsCommand.Create(terminal),
        DevicesCommand.Create(terminal),
        RestoreCommand.Create(terminal),
    };

    private static int Fail(TextWriter error, string message, int code)
    {
        error.WriteLine($"error: {OneLine.Of(message)}");
        return code;
    }
}
