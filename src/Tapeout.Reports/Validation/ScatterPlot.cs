using System.Globalization;
using System.Text;

namespace Tapeout.Reports.Validation;

/// <summary>Predicted over measured time, both logarithmic, one colour a family: a point on the diagonal is a right prediction.</summary>
public static class ScatterPlot
{
    private const int Size = 720;
    private const int Left = 70;
    private const int Top = 30;
    private const int MostPoints = 400;

    private static readonly string[] Colours =
    [
        "#1f77b4",
        "#d62728",
        "#2ca02c",
        "#9467bd",
        "#ff7f0e",
        "#17becf",
        "#8c564b",
        "#e377c2",
        "#7f7f7f",
        "#bcbd22",
    ];

    /// <summary>The plot as SVG.</summary>
    public static string Svg(ValidationRun run)
    {
        // The axes are times: rows of power and energy have no place on them.
        ValidatedRow[] rows = [.. run.Rows.Where(r => r.IsExpressed && r.Unit == "s")];
        string[] families = [.. rows.Select(r => r.Family).Distinct().Order(StringComparer.Ordinal)];
        StringBuilder svg = new();
        int height = Math.Max(Top + Size + 60, Top + 20 * families.Length + 60);
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Left + Size + 420} {height}\" font-family=\"sans-serif\" font-size=\"13\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
        );
        double low = rows.Length == 0 ? -6 : Math.Floor(Math.Log10(rows.Min(r => Math.Min(r.Measured, r.Predicted))));
        double high = rows.Length == 0 ? 0 : Math.Ceiling(Math.Log10(rows.Max(r => Math.Max(r.Measured, r.Predicted))));
        double Place(double seconds) => (Math.Log10(seconds) - low) / (high - low) * Size;
        for (double decade = low; decade <= high; decade++)
        {
            double at = (decade - low) / (high - low) * Size;
            string label = PredictionReport.Seconds(Math.Pow(10, decade));
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<line x1=\"{Left + at:0.#}\" y1=\"{Top}\" x2=\"{Left + at:0.#}\" y2=\"{Top + Size}\" stroke=\"#ddd\"/><text x=\"{Left + at:0.#}\" y=\"{Top + Size + 18}\" text-anchor=\"middle\">{label}</text>\n"
            );
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<line x1=\"{Left}\" y1=\"{Top + Size - at:0.#}\" x2=\"{Left + Size}\" y2=\"{Top + Size - at:0.#}\" stroke=\"#ddd\"/><text x=\"{Left - 6}\" y=\"{Top + Size - at + 4:0.#}\" text-anchor=\"end\">{label}</text>\n"
            );
        }
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<line x1=\"{Left}\" y1=\"{Top + Size}\" x2=\"{Left + Size}\" y2=\"{Top}\" stroke=\"black\"/><text x=\"{Left + Size / 2}\" y=\"{Top + Size + 42}\" text-anchor=\"middle\">measured</text><text transform=\"translate(14 {Top + Size / 2}) rotate(-90)\" text-anchor=\"middle\">predicted</text>\n"
        );
        for (int f = 0; f < families.Length; f++)
        {
            string colour = Colours[f % Colours.Length];
            ValidatedRow[] own = [.. rows.Where(r => r.Family == families[f])];
            int stride = (own.Length + MostPoints - 1) / MostPoints;
            svg.Append($"<g fill=\"{colour}\" fill-opacity=\"0.45\">");
            for (int i = 0; i < own.Length; i += stride)
                svg.Append(
                    CultureInfo.InvariantCulture,
                    $"{Marker(f, Left + Place(own[i].Measured), Top + Size - Place(own[i].Predicted), 2)}"
                );
            svg.Append("</g>\n");
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<g fill=\"{colour}\">{Marker(f, Left + Size + 20, Top + 12 + 20 * f, 5)}</g><text x=\"{Left + Size + 32}\" y=\"{Top + 16 + 20 * f}\">{families[f]} ({own.Length})</text>\n"
            );
        }
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Families of one colour differ in their shape: a circle, a square, a triangle, a diamond.</summary>
    private static string Marker(int family, double x, double y, double radius) =>
        (family / Colours.Length % 4) switch
        {
            0 => string.Create(CultureInfo.InvariantCulture, $"<circle cx=\"{x:0.#}\" cy=\"{y:0.#}\" r=\"{radius:0.#}\"/>"),
            1 => string.Create(
                CultureInfo.InvariantCulture,
                $"<rect x=\"{x - radius:0.#}\" y=\"{y - radius:0.#}\" width=\"{2 * radius:0.#}\" height=\"{2 * radius:0.#}\"/>"
            ),
            2 => string.Create(
                CultureInfo.InvariantCulture,
                $"<path d=\"M{x:0.#} {y - 1.3 * radius:0.#}l{1.2 * radius:0.#} {2.2 * radius:0.#}h{-2.4 * radius:0.#}z\"/>"
            ),
            _ => string.Create(
                CultureInfo.InvariantCulture,
                $"<path d=\"M{x:0.#} {y - 1.4 * radius:0.#}l{1.2 * radius:0.#} {1.4 * radius:0.#}l{-1.2 * radius:0.#} {1.4 * radius:0.#}l{-1.2 * radius:0.#} {-1.4 * radius:0.#}z\"/>"
            ),
        };
}
