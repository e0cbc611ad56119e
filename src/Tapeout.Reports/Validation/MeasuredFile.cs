using System.Text;
using Tapeout.Quantities;

namespace Tapeout.Reports.Validation;

/// <summary>Reads a file of measurements: comma-separated, with a header, cells in quotes where they hold commas.</summary>
public static class MeasuredFile
{
    private const long LargestFile = 256L << 20;

    /// <summary>The rows of a file.</summary>
    /// <exception cref="InvalidInputException">The file cannot be read, has no header or a row of another length.</exception>
    public static IReadOnlyList<MeasuredRow> Read(string path)
    {
        if (!File.Exists(path))
            throw new InvalidInputException($"There is no file '{path}': give a .csv file of measurements.");
        if (new FileInfo(path).Length > LargestFile)
            throw new InvalidInputException($"{path} is larger than 256 MiB: split it.");
        return Parse(Path.GetFileName(path), File.ReadAllText(path));
    }

    /// <summary>The rows of a text.</summary>
    /// <param name="file">The name that identifiers and refusals say.</param>
    /// <param name="text">The text.</param>
    public static IReadOnlyList<MeasuredRow> Parse(string file, string text)
    {
        List<(int Line, string[] Cells)> lines = [.. Lines(text)];
        if (lines.Count == 0)
            throw new InvalidInputException($"{file} is empty: the first line must name the columns.");
        string[] header = [.. lines[0].Cells.Select(c => c.Trim())];
        if (header.Distinct().Count() < header.Length)
            throw new InvalidInputException($"{file}: the header names a column twice: {string.Join(", ", header)}.");
        List<MeasuredRow> rows = [];
        foreach ((int line, string[] cells) in lines.Skip(1))
        {
            if (cells.Length != header.Length)
                throw new InvalidInputException($"{file}, line {line} has {cells.Length} cells, but the header has {header.Length}.");
            Dictionary<string, string> fields = header.Zip(cells).ToDictionary(c => c.First, c => c.Second);
            rows.Add(new(fields.TryGetValue("id", out string? id) && id.Length > 0 ? id : $"{file}:{line}", file, line, fields));
        }
        return rows;
    }

    private static IEnumerable<(int Line, string[] Cells)> Lines(string text)
    {
        List<string> cells = [];
        StringBuilder cell = new();
        bool quoted = false;
        int line = 1;
        int start = 1;
        for (int i = 0; i <= text.Length; i++)
        {
            char c = i < text.Length ? text[i] : '\n';
            if (quoted && i < text.Length)
            {
                if (c == '"' && i + 1 < text.Length && text[i + 1] == '"')
                    cell.Append(text[i++]);
                else if (c == '"')
                    quoted = false;
                else
                    cell.Append(c);
            }
            else if (c == '"' && cell.Length == 0)
            {
                quoted = true;
            }
            else if (c is ',' or '\n')
            {
                cells.Add(cell.ToString().TrimEnd('\r'));
                cell.Clear();
                if (c == '\n')
                {
                    if (cells.Count > 1 || cells[0].Length > 0)
                        yield return (start, [.. cells]);
                    cells.Clear();
                    start = line + 1;
                }
            }
            else
            {
                cell.Append(c);
            }
            if (c == '\n')
                line++;
        }
    }
}
