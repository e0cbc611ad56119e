using System.Globalization;
using System.Text;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Timing;

namespace Tapeout.Reports;

/// <summary>The pictures of a bill as inline SVG.</summary>
internal sealed class BillPictures(Tape tape, Bill bill)
{
    private const int Slices = 240;

    private static readonly string[] Colours =
    [
        "#4c78a8",
        "#f58518",
        "#54a24b",
        "#b279a2",
        "#e45756",
        "#72b7b2",
        "#9d755d",
        "#bab0ac",
        "#eeca3b",
        "#83bcb6",
    ];

    /// <summary>Occupancy of engines over slices of the last decode step, and the power of a card.</summary>
    public string? Timeline() => TimelineContent() is var (width, height, content) ? Svg(width, height, content) : null;

    /// <summary>The same without the element around it: width, height and content.</summary>
    public (int Width, int Height, StringBuilder Content)? TimelineContent()
    {
        Prediction p = bill.Prediction;
        Timeline timeline = Tapeout.Timing.Timeline.Of(tape, bill.Chip, p.DecodeShape, p.Options);
        long makespan = timeline.Makespan.Count;
        if (makespan == 0)
            return null;
        Dictionary<Engine, double[]> busy = [];
        foreach (TimelineEntry entry in timeline.Entries)
        {
            if (entry.Role != 0 || entry.Released <= entry.Start)
                continue;
            if (!busy.TryGetValue(entry.Instruction.Engine, out double[]? slices))
                busy[entry.Instruction.Engine] = slices = new double[Slices];
            double from = (double)entry.Start / makespan * Slices;
            double to = Math.Min(Slices, (double)entry.Released / makespan * Slices);
            for (int s = (int)from; s < Slices && s < to; s++)
                slices[s] += Math.Min(to, s + 1) - Math.Max(from, s);
        }
        const int Left = 90;
        const int Width = 960;
        const int RowHeight = 24;
        StringBuilder svg = new();
        int y = 8;
        foreach ((Engine engine, double[] slices) in busy.OrderBy(b => b.Key))
        {
            double share = slices.Sum() / Slices;
            Text(svg, 4, y + 15, $"{engine}");
            for (int s = 0; s < Slices; s++)
            {
                if (slices[s] <= 0.004)
                    continue;
                double x = Left + (double)s * Width / Slices;
                string alpha = Format(0.15 + 0.85 * Math.Min(1, slices[s]));
                svg.Append(
                    CultureInfo.InvariantCulture,
                    $"<rect x=\"{x:0.##}\" y=\"{y}\" width=\"{(double)Width / Slices:0.##}\" height=\"{RowHeight - 4}\" fill=\"{Colours[(int)engine]}\" fill-opacity=\"{alpha}\"/>"
                );
            }
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<rect x=\"{Left}\" y=\"{y}\" width=\"{Width}\" height=\"{RowHeight - 4}\" fill=\"transparent\"><title>{engine}: taken {100 * share:0.#} % of the step</title></rect>"
            );
            Text(
                svg,
                Left + Width + 6,
                y + 15,
                share < 0.005 ? "< 1 %" : string.Create(CultureInfo.InvariantCulture, $"{100 * share:0} %")
            );
            y += RowHeight;
        }
        if (bill.Power is { Watts.Count: > 0 } power)
        {
            const int Height = 80;
            double top = Math.Max(power.PeakWatts, bill.Chip.Power.Tdp.TotalWatts) * 1.05;
            y += 8;
            string points = string.Join(
                ' ',
                power.Watts.Select(
                    (w, i) => $"{Format(Left + (i + 0.5) * Width / power.Watts.Count)},{Format(y + Height - w / top * Height)}"
                )
            );
            Text(svg, 4, y + 12, "power");
            double limit = y + Height - bill.Chip.Power.Tdp.TotalWatts / top * Height;
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<line x1=\"{Left}\" x2=\"{Left + Width}\" y1=\"{limit:0.#}\" y2=\"{limit:0.#}\" stroke=\"#e45756\" stroke-dasharray=\"4 3\"/>"
            );
            Text(svg, Left + Width + 6, limit + 4, string.Create(CultureInfo.InvariantCulture, $"{bill.Chip.Power.Tdp.TotalWatts:0.#} W"));
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<polyline points=\"{points}\" fill=\"none\" stroke=\"#4c78a8\" stroke-width=\"1.5\"/><line x1=\"{Left}\" x2=\"{Left + Width}\" y1=\"{y + Height}\" y2=\"{y + Height}\" stroke=\"#9aa3b2\"/>"
            );
            Text(svg, 4, y + Height, "0 W");
            y += Height;
        }
        y += 4;
        const int Marks = 4;
        for (int mark = 0; mark <= Marks; mark++)
        {
            double x = Left + (double)mark * Width / Marks;
            Line(svg, x, y - 4, x, y, "#9aa3b2");
            string time = mark == 0 ? "0" : PredictionReport.Seconds(StepSeconds(timeline) * mark / Marks);
            Text(
                svg,
                x,
                y + 16,
                time,
                mark switch
                {
                    0 => "start",
                    Marks => "end",
                    _ => "middle",
                }
            );
        }
        return (Left + Width + 60, y + 24, svg);

        static double StepSeconds(Timeline timeline) => Quantities.Duration.FromCycles(timeline.Makespan, timeline.Clock).TotalSeconds;
    }

    /// <summary>True where a chip has no memory beside its die: the roofline is that of the SRAM and ROM on it.</summary>
    public bool IsRooflineOnDie => bill.Chip.Memory.Count == 0;

    /// <summary>Peak arithmetic, memory bandwidth, and where prefill and decode lie.</summary>
    public string? Roofline()
    {
        ChipDescription chip = bill.Chip;
        Prediction p = bill.Prediction;
        double cycles = (double)chip.Tiles.Count * chip.Clock.Count * bill.Chips;
        bool isOnDie = IsRooflineOnDie;
        double bytesPerSecond = isOnDie
            ? (chip.Sram.PeakBytesPerCycle.Count + (chip.Rom?.ReadRate.Count ?? 0)) * cycles
            : chip.Memory.Sum(m => (double)m.Bandwidth.Count) * bill.Chips;
        // The roof is that of the pair of formats that most products multiply.
        WorkItem pair = StepWork
            .Of(tape, chip, p.DecodeShape, p.Options)
            .Lines.Where(l => l.Item.Kind == WorkKind.Multiply)
            .GroupBy(l => l.Item)
            .MaxBy(g => g.Sum(l => (double)l.Count))!
            .Key;
        double peak = 2.0 * (chip.Matrix.MacsFor(pair.Weights, pair.Activations) ?? chip.Vector.Operations).Count * cycles;
        List<(string Name, double Intensity, double Rate)> points = [];
        void Add(string name, Step step, double seconds)
        {
            StepWork work = StepWork.Of(tape, chip, step, p.Options);
            double operations = 2 * (double)work.Multiplies;
            double bytes = (double)
                work.Sum(l =>
                    l.Item.Kind == WorkKind.Bytes
                    && (isOnDie ? l.Item.Level is MemoryLevel.Sram or MemoryLevel.Rom : l.Item.Level == MemoryLevel.Dram)
                );
            if (bytes > 0 && seconds > 0)
                points.Add((name, operations / bytes, operations / seconds));
        }
        Add("decode", p.DecodeShape, p.DecodeStep.TotalSeconds);
        Add("prefill", p.PrefillShape, p.PrefillStepTime.Duration.TotalSeconds);
        double lowX = Math.Min(0.1, points.Count == 0 ? 0.1 : points.Min(q => q.Intensity) / 2);
        double highX = Math.Max(peak / bytesPerSecond * 10, points.Count == 0 ? 1 : points.Max(q => q.Intensity) * 2);
        double highY = peak * 2;
        double lowY = Math.Min(lowX * bytesPerSecond, points.Count == 0 ? peak : points.Min(q => q.Rate)) / 3;
        const int Left = 64;
        const int Width = 420;
        const int Height = 280;
        double X(double value) => Left + Math.Log(value / lowX) / Math.Log(highX / lowX) * Width;
        double Y(double value) => 10 + Height - Math.Log(value / lowY) / Math.Log(highY / lowY) * Height;
        StringBuilder svg = new();
        for (double decade = Math.Pow(10, Math.Ceiling(Math.Log10(lowX))); decade <= highX; decade *= 10)
        {
            Line(svg, X(decade), 10, X(decade), 10 + Height, "#eceff3");
            Text(svg, X(decade), Height + 26, BillReport.Number((decimal)decade), "middle");
        }
        for (double decade = Math.Pow(10, Math.Ceiling(Math.Log10(lowY))); decade <= highY; decade *= 10)
        {
            Line(svg, Left, Y(decade), Left + Width, Y(decade), "#eceff3");
            Text(svg, Left - 6, Y(decade) + 4, Rate(decade), "end");
        }
        double ridge = peak / bytesPerSecond;
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<polyline points=\"{Format(X(lowX))},{Format(Y(lowX * bytesPerSecond))} {Format(X(ridge))},{Format(Y(peak))} {Format(X(highX))},{Format(Y(peak))}\" fill=\"none\" stroke=\"#1c2330\" stroke-width=\"2\"/>"
        );
        Text(svg, X(highX) - 4, Y(peak) - 6, $"{pair.Weights} × {pair.Activations}: {Rate(peak)} at most", "end");
        // Above the slope: points and their names lie under it.
        double middle = Math.Sqrt(lowX * ridge);
        Text(svg, X(middle) - 10, Y(middle * bytesPerSecond) - 8, Bandwidth(bytesPerSecond), "end");
        foreach (((string name, double intensity, double rate), int i) in points.Select((q, i) => (q, i)))
        {
            svg.Append(
                CultureInfo.InvariantCulture,
                $"<circle cx=\"{X(intensity):0.#}\" cy=\"{Y(rate):0.#}\" r=\"5\" fill=\"{Colours[i]}\"><title>{name}: {Rate(rate)}, {BillReport.Number((decimal)intensity)} operations a byte</title></circle>"
            );
            Text(svg, X(intensity) + 9, Y(rate) + 14, $"{name} {Rate(rate)}");
        }
        Text(svg, Left + Width / 2.0, Height + 44, "operations for each byte", "middle");
        return Svg(Left + Width + 20, Height + 54, svg);
    }

    /// <summary>The blocks of one die.</summary>
    public string? Floorplan()
    {
        if (bill.Blocks is not { } blocks)
            return null;
        AreaBlock[] ordered = [.. blocks.Blocks.Where(b => b.Area.Count > 0).OrderByDescending(b => b.Area.Count)];
        const int Side = 440;
        double edge = Math.Sqrt(blocks.Total.TotalSquareMillimetres);
        StringBuilder svg = new();
        IReadOnlyList<Squarify.Rectangle> places = Squarify.Of(
            [.. ordered.Select(b => b.Area.TotalSquareMillimetres)],
            new(0, 0, Side, Side)
        );
        for (int i = 0; i < ordered.Length; i++)
            Tile(
                svg,
                places[i],
                Colours[(int)ordered[i].Group],
                ordered[i].Name,
                $"{BillReport.Number((decimal)ordered[i].Area.TotalSquareMillimetres)} mm²"
            );
        Text(
            svg,
            0,
            Side + 18,
            string.Create(CultureInfo.InvariantCulture, $"{edge:0.#} mm × {edge:0.#} mm, {blocks.Total.TotalSquareMillimetres:0.#} mm²")
        );
        return Svg(Side, Side + 26, svg);
    }

    /// <summary>Joules of a token by part and kind of work.</summary>
    public string? Energy()
    {
        if (bill.Decode is not { } decode)
            return null;
        (string Name, EnergyPart Part, double Joules)[] items =
        [
            .. decode
                .Lines.GroupBy(l =>
                    (l.Part, Name: l.Role < 0 ? BillReport.Label(l.Name) : $"{l.Name} at the {l.Boundary.ToString().ToLowerInvariant()}")
                )
                .Select(g => (g.Key.Name, g.Key.Part, g.Sum(l => (double)decode.PerToken(l.Energy.Typical))))
                .Where(g => g.Item3 > 0)
                .OrderByDescending(g => g.Item3),
        ];
        IGrouping<EnergyPart, (string Name, EnergyPart Part, double Joules)>[] parts =
        [
            .. items.GroupBy(i => i.Part).OrderByDescending(g => g.Sum(i => i.Joules)),
        ];
        const int Width = 1060;
        const int Height = 320;
        StringBuilder svg = new();
        IReadOnlyList<Squarify.Rectangle> outer = Squarify.Of([.. parts.Select(g => g.Sum(i => i.Joules))], new(0, 0, Width, Height));
        for (int g = 0; g < parts.Length; g++)
        {
            var inside = parts[g].ToArray();
            IReadOnlyList<Squarify.Rectangle> places = Squarify.Of([.. inside.Select(i => i.Joules)], outer[g]);
            for (int i = 0; i < inside.Length; i++)
                Tile(svg, places[i], Colours[(int)parts[g].Key], inside[i].Name, $"{BillReport.Number((decimal)inside[i].Joules)} J");
        }
        return Svg(Width, Height + 4, svg);
    }

    private static void Tile(StringBuilder svg, Squarify.Rectangle at, string colour, string name, string value)
    {
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<rect x=\"{at.X:0.##}\" y=\"{at.Y:0.##}\" width=\"{at.Width:0.##}\" height=\"{at.Height:0.##}\" fill=\"{colour}\" fill-opacity=\"0.55\" stroke=\"#fff\" stroke-width=\"1.5\"><title>{BillPage.Escape(name)}: {BillPage.Escape(value)}</title></rect>"
        );
        int fits = (int)((at.Width - 10) / 6.6);
        if (at.Height < 20 || fits < 4)
            return;
        Text(svg, at.X + 5, at.Y + 15, name.Length <= fits ? name : name[..(fits - 1)] + "…");
        if (at.Height >= 36 && value.Length <= fits)
            Text(svg, at.X + 5, at.Y + 30, value);
    }

    private static string Bandwidth(double bytes) =>
        bytes >= 1e15 ? $"{BillReport.Number((decimal)(bytes / 1e15))} PB/s" : $"{BillReport.Number((decimal)(bytes / 1e12))} TB/s";

    private static string Rate(double operations) =>
        operations switch
        {
            >= 1e15 => $"{BillReport.Number((decimal)(operations / 1e15))} POPS",
            >= 1e12 => $"{BillReport.Number((decimal)(operations / 1e12))} TOPS",
            >= 1e9 => $"{BillReport.Number((decimal)(operations / 1e9))} GOPS",
            _ => $"{BillReport.Number((decimal)(operations / 1e6))} MOPS",
        };

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor = "start") =>
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\">{BillPage.Escape(text)}</text>"
        );

    private static void Line(StringBuilder svg, double x1, double y1, double x2, double y2, string colour) =>
        svg.Append(
            CultureInfo.InvariantCulture,
            $"<line x1=\"{x1:0.#}\" y1=\"{y1:0.#}\" x2=\"{x2:0.#}\" y2=\"{y2:0.#}\" stroke=\"{colour}\"/>"
        );

    private static string Format(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Svg(double width, double height, StringBuilder content) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:0}\" height=\"{height:0}\" viewBox=\"0 0 {width:0} {height:0}\" role=\"img\">{content}</svg>"
        );
}
