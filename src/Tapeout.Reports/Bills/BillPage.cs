using System.Globalization;
using System.Net;
using System.Text;
using Tapeout.Isa;
using Tapeout.Timing;

namespace Tapeout.Reports;

/// <summary>A bill as one page of HTML that needs nothing else: no network, no scripts of others.</summary>
public static class BillPage
{
    /// <summary>The page.</summary>
    /// <param name="model">The model's name.</param>
    /// <param name="format">The quantisation.</param>
    /// <param name="tape">The tape that was timed.</param>
    /// <param name="bill">Its bill.</param>
    public static string Html(string model, string format, Tape tape, Bill bill)
    {
        Prediction p = bill.Prediction;
        string title = $"{model} on {bill.Chips} × {bill.Chip.Name}";
        StringBuilder page = new();
        page.Append(
            $$"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{{Escape(title)}}</title>
            <style>
            body{font:15px/1.45 system-ui,sans-serif;margin:0;background:#f6f7f9;color:#1c2330}
            main{max-width:1120px;margin:0 auto;padding:24px}
            h1{font-size:24px;margin:0 0 4px}h2{font-size:18px;margin:32px 0 8px}p{margin:4px 0 12px;color:#4a5364}
            .cards{display:flex;flex-wrap:wrap;gap:12px;margin:16px 0}.card{background:#fff;border:1px solid #dde1e8;border-radius:8px;padding:10px 16px;min-width:150px}
            .card b{display:block;font-size:22px}.card span{color:#4a5364;font-size:13px}
            .box{background:#fff;border:1px solid #dde1e8;border-radius:8px;padding:12px;overflow-x:auto}
            table{border-collapse:collapse;width:100%;font-size:14px}th,td{text-align:right;padding:3px 10px;border-bottom:1px solid #eceff3}
            th{cursor:pointer;color:#4a5364;font-weight:600}th:first-child,td:first-child{text-align:left}
            .two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(480px,100%),1fr));gap:16px}.two>div{min-width:0}
            svg{display:block;max-width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:#1c2330}
            @media(max-width:700px){main{padding:14px}.card{flex:1 1 130px;min-width:0}.card b{font-size:19px}.box svg{max-width:none}.two .box svg{max-width:100%}th,td{padding:3px 7px} }
            </style></head><body><main>
            <h1>{{Escape(title)}}</h1>
            <p>{{Escape(
                format
            )}}, batch {{p.Batch}}, prompt {{p.PromptTokens}}, output {{p.OutputTokens}} tokens. All figures are predicted; decoding is limited by {{StepReport.Words(p.DecodeStepTime.Limiter.ToString())}}, prefill by {{StepReport.Words(p.PrefillStepTime.Limiter.ToString())}}.{{Experts(tape, p)}} Bands come from the ranges of the constants.</p>
            <div class="cards">
            """
        );
        Card(page, $"{Number(p.TokensPerSecond)} tokens/s", "while decoding, all sequences");
        Card(page, PredictionReport.Seconds(p.TimeToFirstToken.TotalSeconds), "to the first token");
        Card(page, bill.JoulesPerToken is { } j ? $"{BillReport.Number(j.Typical)} J/token" : "unknown", "into the card, while decoding");
        Card(page, bill.Die is { } die ? $"{BillReport.Number(die.Value.Typical)} mm²" : "unknown", "one die");
        Card(
            page,
            bill.DollarsPerMillionTokens is { } dollars ? $"${BillReport.Number(dollars.Value.Typical)}" : "unknown",
            "a million tokens"
        );
        page.Append("</div>\n");
        foreach (string why in bill.Unknown.Values.Distinct())
            page.Append($"<p>{Escape(why)}</p>\n");

        BillPictures pictures = new(tape, bill);
        Section(
            page,
            "Timeline of a decode step",
            "Each row is an engine of the first rank; a column is a slice of the step, the darker the busier. Below, the power of a card.",
            pictures.Timeline()
        );
        page.Append("<div class=\"two\"><div>");
        Section(
            page,
            "Roofline",
            $"Operations a second over operations for each byte of the {(pictures.IsRooflineOnDie ? "SRAM and ROM on the die, which has no memory beside it" : "memory beside the die")}, both on logarithmic axes, all chips together.",
            pictures.Roofline()
        );
        page.Append("</div><div>");
        Section(page, "Floorplan", "Blocks of one die by their modelled areas. Areas are to scale, places are not.", pictures.Floorplan());
        page.Append("</div></div>");
        Section(
            page,
            "Energy of a token",
            "Areas are joules at the wall while decoding, by part (colour) and kind of work.",
            pictures.Energy()
        );
        Tables(page, tape, bill);
        page.Append(
            """
            <script>
            for (const th of document.querySelectorAll("th")) th.onclick = () => {
              const table = th.closest("table"), column = th.cellIndex, rows = [...table.tBodies[0].rows];
              const value = r => { const c = r.cells[column]; return c.dataset.v === undefined ? c.textContent : +c.dataset.v; };
              const up = table.dataset.sorted == column; table.dataset.sorted = up ? "" : column;
              rows.sort((a, b) => { const x = value(a), y = value(b); return (x < y ? -1 : x > y ? 1 : 0) * (up ? 1 : -1); });
              table.tBodies[0].append(...rows);
            };
            </script></main></body></html>
            """
        );
        return page.ToString();
    }

    private static string Experts(Tape tape, Prediction p) =>
        ExpertSpread.Of(tape, p.DecodeShape, p.Options.Experts) is { } spread
            ? string.Create(
                CultureInfo.InvariantCulture,
                $" Tokens over experts: {Escape(p.Options.Experts.ToString())}; while decoding {spread.Mean:0.###} each, at most {spread.Maximum}, imbalance {spread.Imbalance:0.##}."
            )
            : "";

    private static void Tables(StringBuilder page, Tape tape, Bill bill)
    {
        Times(page, tape, bill);
        if (bill.Decode is { } decode)
        {
            page.Append("<h2>Energy in numbers</h2><div class=\"two\">");
            Energies(page, "by instruction", BillReport.ByInstruction(tape, decode), decode);
            Energies(page, "by operator", BillReport.ByOperator(tape, decode), decode);
            page.Append("</div>");
        }
        page.Append("<h2>Most concurrent sequences</h2><p>What the memory for the KV cache holds beside weights and activations.</p>");
        Table(
            page,
            ["context, positions", "sequences"],
            ConcurrencyReport.Contexts.Select(c =>
                (c.ToString("#,0", CultureInfo.InvariantCulture), (double[])[Concurrency.MostSequences(tape, bill.Chip, c)])
            )
        );
        page.Append("<h2>Area and money</h2><div class=\"two\">");
        if (bill.Blocks is { } blocks)
        {
            Table(
                page,
                ["block", "mm²", "low", "high"],
                blocks
                    .Blocks.OrderByDescending(b => b.Area.Count)
                    .Select(b =>
                        (b.Name, (double[])[b.Area.TotalSquareMillimetres, b.Low.TotalSquareMillimetres, b.High.TotalSquareMillimetres])
                    )
                    .Append(
                        (
                            "sum",
                            [blocks.Total.TotalSquareMillimetres, blocks.Low.TotalSquareMillimetres, blocks.High.TotalSquareMillimetres]
                        )
                    )
            );
        }
        if (bill.Cost is { } cost)
        {
            Table(
                page,
                [$"USD, {CostOptions.PriceDate.ToString("yyyy-MM", CultureInfo.InvariantCulture)}", "typical", "low", "high"],
                cost.Lines.Append(cost.Total)
                    .Select(l => (l.Name, (double[])[(double)l.Value.Typical, (double)l.Value.Low, (double)l.Value.High]))
            );
        }
        page.Append("</div>");
    }

    private static void Times(StringBuilder page, Tape tape, Bill bill)
    {
        Prediction p = bill.Prediction;
        page.Append(
            "<h2>Time in numbers</h2><p>Cycles of the critical path of the last step of each phase: each column sums to its step.</p><div class=\"two\">"
        );
        Cycles(page, "by cause", step => step.Charged.Select(c => (StepReport.Words(c.Key.ToString()), c.Value.Count)), p);
        Cycles(page, "by operator", step => StepReport.Operators(tape, step), p);
        page.Append("</div><h2>What 10 % more of a resource would buy</h2><p>Per cent of the last step that it would be shorter.</p>");
        Dictionary<Resource, double> prefill = Sensitivity
            .Of(tape, bill.Chip, p.PrefillShape, p.Options)
            .ToDictionary(g => g.Resource, g => g.Share);
        Table(
            page,
            ["resource", "decode, %", "prefill, %"],
            Sensitivity
                .Of(tape, bill.Chip, p.DecodeShape, p.Options)
                .Where(g => g.Share != 0 || prefill[g.Resource] != 0)
                .Select(g => (StepReport.Words(g.Resource.ToString()), (double[])[100 * g.Share, 100 * prefill[g.Resource]]))
        );
    }

    private static void Cycles(StringBuilder page, string by, Func<StepTime, IEnumerable<(string Name, long Cycles)>> parts, Prediction p)
    {
        Dictionary<string, long> prefill = parts(p.PrefillStepTime).ToDictionary(c => c.Name, c => c.Cycles);
        Dictionary<string, long> decode = parts(p.DecodeStepTime).ToDictionary(c => c.Name, c => c.Cycles);
        Table(
            page,
            [by, "decode", "prefill"],
            decode
                .Keys.Union(prefill.Keys)
                .OrderByDescending(n => decode.GetValueOrDefault(n))
                .Select(n => (n, (double[])[decode.GetValueOrDefault(n), prefill.GetValueOrDefault(n)]))
        );
    }

    private static void Energies(StringBuilder page, string by, IEnumerable<(string Name, EnergyBand Energy)> rows, PhaseEnergy phase) =>
        Table(
            page,
            [by, "J/token", "low", "high"],
            rows.Where(r => r.Energy.High.Count > 0)
                .Select(r =>
                    (
                        r.Name,
                        (double[])
                            [
                                (double)phase.PerToken(r.Energy.Typical),
                                (double)phase.PerToken(r.Energy.Low),
                                (double)phase.PerToken(r.Energy.High),
                            ]
                    )
                )
        );

    private static void Table(StringBuilder page, string[] heads, IEnumerable<(string Name, double[] Values)> rows)
    {
        page.Append("<div class=\"box\"><table><thead><tr>");
        foreach (string head in heads)
            page.Append($"<th>{Escape(head)}</th>");
        page.Append("</tr></thead><tbody>");
        foreach ((string name, double[] values) in rows)
        {
            page.Append($"<tr><td>{Escape(name)}</td>");
            foreach (double value in values)
                page.Append(CultureInfo.InvariantCulture, $"<td data-v=\"{value:R}\">{BillReport.Number((decimal)value)}</td>");
            page.Append("</tr>");
        }
        page.Append("</tbody></table></div>\n");
    }

    private static void Section(StringBuilder page, string title, string text, string? picture) =>
        page.Append(
            picture is null
                ? $"<h2>{Escape(title)}</h2><p>unknown: see above</p>"
                : $"<h2>{Escape(title)}</h2><p>{Escape(text)}</p><div class=\"box\">{picture}</div>\n"
        );

    private static void Card(StringBuilder page, string value, string text) =>
        page.Append($"<div class=\"card\"><b>{Escape(value)}</b><span>{Escape(text)}</span></div>");

    private static string Number(double value) => value.ToString(value < 100 ? "0.##" : "#,0", CultureInfo.InvariantCulture);

    internal static string Escape(string text) => WebUtility.HtmlEncode(text);
}
