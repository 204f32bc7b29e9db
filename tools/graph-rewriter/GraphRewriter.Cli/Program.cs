using FlashRt.GraphRewriter.Cli;

return CliApp.Run(args, Console.Out, Console.Error);
