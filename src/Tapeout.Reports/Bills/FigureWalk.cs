using System.Globalization;
using Tapeout.Quantities;
using Tapeout.Timing;

namespace Tapeout.Reports;

/// <summary>A figure written down to its constants: each line what it is, how it follows, and for constants where they come from.</summary>
public static class FigureWalk
{
    private const int Deepest = 24;

    /// <summary>Writes a figure and, indented, what it follows from. A figure that was written before is only named.</summary>
    public static void Print(TextWriter output, Figure figure)
    {
        Print(output, figure, 0, new HashSet<Figure>(ReferenceEqualityComparer.Instance));
    }

    private static void Print(TextWriter output, Figure figure, int depth, HashSet<Figure> seen)
    {
        string indent = new(' ', 2 * depth);
        bool isCount = figure.Inputs.Count == 0 && figure.Sources.Count == 0 && figure.Note.Length == 0 && figure.How.Length == 0;
        string band =
            figure.Value.Low == figure.Value.High
                ? BillReport.Number(figure.Value.Typical)
                : $"{BillReport.Number(figure.Value.Typical)} ({BillReport.Number(figure.Value.Low)} to {BillReport.Number(figure.Value.High)})";
        string unit = figure.Unit.Length == 0 ? "" : " " + figure.Unit;
        string how = figure.How.Length == 0 ? "" : $" = {Shortened(figure.How)}";
        output.WriteLine($"{indent}{figure.Name}: {band}{unit}{how}{(isCount ? "" : $" [{Text(figure.Confidence)}]")}");
        if (!seen.Add(figure) && figure.Inputs.Count > 0)
        {
            output.WriteLine($"{indent}  (as above)");
            return;
        }
        if (figure.Note.Length > 0)
            output.WriteLine($"{indent}  {figure.Note}");
        foreach (string source in figure.Sources)
            output.WriteLine($"{indent}  source: {source}");
        if (depth >= Deepest)
            return;
        foreach (Figure input in figure.Inputs)
            Print(output, input, depth + 1, seen);
    }

    private static string Shortened(string how) => how.Length <= 160 ? how : string.Create(CultureInfo.InvariantCulture, $"{how[..157]}…");

    private static string Text(Confidence confidence) =>
        confidence switch
        {
            Confidence.VendorPublished => "vendor-published",
            Confidence.ThirdParty => "third-party",
            _ => confidence.ToString().ToLowerInvariant(),
        };
}
