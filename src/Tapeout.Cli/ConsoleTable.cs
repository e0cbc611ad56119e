using Spectre.Console;

namespace Tapeout.Cli;

/// <summary>A table of text: wrapped to the window on a terminal, whole lines in a file or pipe.</summary>
/// <param name="headings">The headings of the columns; one that starts with <c>&gt;</c> aligns its column to the right.</param>
internal sealed class ConsoleTable(params string[] headings)
{
    private const int UnboundedWidth = 100_000;

    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add(cells);

    public void Write(TextWriter output)
    {
        Table table = new() { Border = TableBorder.None, ShowHeaders = headings.Any(h => h.Length > 0) };
        foreach (string heading in headings)
        {
            bool isRight = heading.StartsWith('>');
            TableColumn column = new(new Text(isRight ? heading[1..] : heading, new Style(decoration: Decoration.Bold)))
            {
                Alignment = isRight ? Justify.Right : Justify.Left,
                Padding = new Padding(0, 0, 2, 0),
            };
            table.AddColumn(column);
        }
        foreach (string[] row in _rows)
            table.AddRow(row.Select(cell => new Text(cell)));
        bool isTerminal = ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected;
        using StringWriter text = new();
        IAnsiConsole console = AnsiConsole.Create(
            new()
            {
                Out = new AnsiConsoleOutput(isTerminal ? output : text),
                Ansi = isTerminal ? AnsiSupport.Detect : AnsiSupport.No,
                ColorSystem = isTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
                Interactive = InteractionSupport.No,
            }
        );
        if (!isTerminal)
            console.Profile.Width = UnboundedWidth;
        console.Write(table);
        foreach (string line in text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            output.WriteLine(line.TrimEnd());
    }
}
