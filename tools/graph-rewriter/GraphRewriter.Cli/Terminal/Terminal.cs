namespace FlashRt.GraphRewriter.Cli;

/// <summary>What commands print on: colours, lines and progress on a terminal, plain text when the output goes elsewhere.</summary>
public sealed class Terminal
{
    private const int PlainWidth = 4096;  // nobody wraps lines in a file
    private readonly bool _interactive;

    /// <summary>Prints to <paramref name="output"/>, which is interactive only when it is the console itself.</summary>
    public Terminal(TextWriter output)
    {
        Out = output;
        _interactive = ReferenceEquals(output, System.Console.Out) && !System.Console.IsOutputRedirected;
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = _interactive ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = _interactive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = _interactive ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!_interactive) Console.Profile.Width = PlainWidth;
    }

    /// <summary>For text that must come out as it is, such as JSON.</summary>
    public TextWriter Out { get; }

    private IAnsiConsole Console { get; }

    /// <summary>One line; <paramref name="markup"/> is Spectre's, so other text is put in with <see cref="Markup.Escape"/>.</summary>
    public void Line(string markup = "") => Console.MarkupLine(Clean(markup));

    /// <summary>A table with the given heads; cells are plain text. Columns whose head ends with '>' are aligned right. A blank line follows.</summary>
    public void Table(IReadOnlyList<string> heads, IEnumerable<IReadOnlyList<string>> rows)
    {
        var table = new Table { Border = _interactive ? TableBorder.Rounded : TableBorder.None };
        foreach (var head in heads)
            table.AddColumn(new TableColumn(new Text(head.TrimEnd('>'), new Style(decoration: Decoration.Bold)))
            {
                Alignment = head.EndsWith('>') ? Justify.Right : Justify.Left,
                NoWrap = head.EndsWith('>'),
            });
        foreach (var row in rows) table.AddRow(row.Select(cell => new Text(Clean(cell))));
        Console.Write(table);
        Console.WriteLine();
    }

    /// <summary>Does work that reports how much of it is done, with a progress bar where somebody is watching.</summary>
    public T Work<T>(string title, Func<IProgress<(int Done, int Total)>, T> work)
    {
        if (!_interactive) return work(new Reporter((_, _) => { }));
        return Console.Progress().AutoClear(true).Start(context =>
        {
            var task = context.AddTask(Markup.Escape(title), maxValue: 1);
            return work(new Reporter((done, total) => task.MaxValue(Math.Max(total, 1)).Value(done)));
        });
    }

    private static string Clean(string text) => text.Any(char.IsControl) ? OneLine.Of(text) : text;

    private sealed class Reporter(Action<int, int> report) : IProgress<(int Done, int Total)>
    {
        public void Report((int Done, int Total) value) => report(value.Done, value.Total);
    }
}
