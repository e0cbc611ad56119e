using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Tapeout.Chips;
using Tapeout.Timing;

namespace Tapeout.Reports.Validation;

/// <summary>A validation for people, as JSON, and as the page of the documentation.</summary>
public static class ValidationReport
{
    /// <summary>Prints errors by family, then what could not be expressed.</summary>
    public static void Print(TextWriter output, ValidationRun run, bool rows)
    {
        if (rows)
        {
            output.WriteLine($"{"row", -34} {"predicted", 12} {"measured", 12} {"error", 8}  family");
            foreach (ValidatedRow row in run.Rows.Where(r => r.IsExpressed))
                output.WriteLine(
                    $"{row.Row.Id, -34} {Amount(row.Predicted, row.Unit), 12} {Amount(row.Measured, row.Unit), 12} {Percent(row.Error), 8}  {row.Family}{(row.IsHeldOut ? ", held out" : "")}"
                );
        }
        output.WriteLine("predicted against measured: absolute errors of each row's time");
        output.WriteLine(
            $"{"family", -44} {"rows", 6} {"median", 7} {"mean", 7} {"p90", 7} {"bias", 7} | {"held out", 8} {"median", 7} {"mean", 7} {"p90", 7} {"bias", 7} | {"roofline", 8}"
        );
        foreach (FamilyResult family in run.Families)
            output.WriteLine(
                $"{family.Name, -44} {family.All.Count, 6} {Cells(family.All)} | {family.HeldOut.Count, 8} {Cells(family.HeldOut)} | {Percent(family.Roofline.Mean), 8}"
            );
        if (run.TimedAs.Count > 0)
            output.WriteLine("timed as: what the rows name, and what of the catalog stands for it");
        foreach ((string gpu, string stack, string chip, string software, int count) in run.TimedAs)
            output.WriteLine($"  {count, 6}  {gpu}, {stack}: {chip} with {software}");
        if (run.Dies.Count > 0)
            output.WriteLine("die area: modelled against measured on photographs, mm2");
        foreach (ComparedDie die in run.Dies)
        {
            output.WriteLine(
                die.Reason is { } reason
                    ? $"  {die.Name}: {reason}"
                    : string.Create(
                        CultureInfo.InvariantCulture,
                        $"  {die.Name, -34} {die.Predicted, 8:0.0} {die.Measured, 8:0.0} {Percent((double)die.Error), 8}"
                    )
            );
            foreach (ComparedBlock block in die.Blocks)
                output.WriteLine(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"    {block.Group, -32} {block.Predicted, 8:0.0} {block.Measured, 8:0.0} {Percent((double)(block.Predicted / block.Measured) - 1), 8}"
                    )
                );
        }
        if (run.Inexpressible.Count > 0)
            output.WriteLine($"{run.Inexpressible.Sum(i => i.Count)} rows could not be expressed:");
        foreach ((string file, string reason, int count) in run.Inexpressible)
            output.WriteLine($"  {count, 6}  {file}: {reason}");
    }

    /// <summary>The object that <c>validate --json</c> prints.</summary>
    public static JsonObject Json(ValidationRun run) =>
        new()
        {
            ["families"] = new JsonArray([
                .. run.Families.Select(f =>
                {
                    JsonObject family = Statistics(f.All);
                    family.Insert(0, "name", f.Name);
                    family["roofline"] = Statistics(f.Roofline);
                    family["heldOut"] = Statistics(f.HeldOut);
                    family["heldOutRoofline"] = Statistics(f.RooflineHeldOut);
                    family["fasterThanPossible"] = f.FasterThanPossible;
                    return (JsonNode)family;
                }),
            ]),
            ["dies"] = new JsonArray([
                .. run.Dies.Select(d =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["name"] = d.Name,
                            ["predictedSquareMillimetres"] = d.Reason is null ? (double)d.Predicted : null,
                            ["measuredSquareMillimetres"] = d.Reason is null ? (double)d.Measured : null,
                            ["error"] = d.Reason is null ? (double)d.Error : null,
                            ["reason"] = d.Reason,
                            ["blocks"] = new JsonArray([
                                .. d.Blocks.Select(b =>
                                    (JsonNode)
                                        new JsonObject
                                        {
                                            ["group"] = b.Group.ToString(),
                                            ["predictedSquareMillimetres"] = (double)b.Predicted,
                                            ["measuredSquareMillimetres"] = (double)b.Measured,
                                        }
                                ),
                            ]),
                        }
                ),
            ]),
            ["timedAs"] = new JsonArray([
                .. run.TimedAs.Select(t =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["gpu"] = t.Gpu,
                            ["stack"] = t.Stack,
                            ["chip"] = t.Chip,
                            ["software"] = t.Software,
                            ["count"] = t.Count,
                        }
                ),
            ]),
            ["inexpressible"] = new JsonArray([
                .. run.Inexpressible.Select(i =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["file"] = i.File,
                            ["reason"] = i.Reason,
                            ["count"] = i.Count,
                        }
                ),
            ]),
            ["rows"] = new JsonArray([
                .. run.Rows.Select(r =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["id"] = r.Row.Id,
                            ["family"] = r.IsExpressed ? r.Family : null,
                            ["heldOut"] = r.IsHeldOut,
                            ["predicted"] = r.IsExpressed ? r.Predicted : null,
                            ["measured"] = r.IsExpressed ? r.Measured : null,
                            ["error"] = r.IsExpressed ? r.Error : null,
                            ["roofline"] = r.IsExpressed ? r.Roofline : null,
                            ["chip"] = r.IsExpressed ? r.Chip : null,
                            ["software"] = r.IsExpressed ? r.Software : null,
                            ["reason"] = r.IsExpressed ? null : r.Reason,
                        }
                ),
            ]),
        };

    /// <summary>The page of the documentation.</summary>
    /// <param name="run">The validation.</param>
    /// <param name="plot">The file name of the scatter plot beside the page.</param>
    public static string Markdown(ValidationRun run, string plot)
    {
        StringBuilder text = new();
        text.Append(
            """
            # Predictions against measured hardware

            Generated by `tapeout validate`; do not edit. Every row of the measurements that can be a program is one: a tape of a few kernels,
            timed by the code that times every tape. Errors are predicted time over measured time, less one. Held-out rows are whole shapes (a
            matrix, a pair of head counts, a mixture's sizes, a number of GPUs) that no constant was fitted on. The roofline is peak operations
            and peak bandwidth of the datasheet, whichever takes longer.

            Measured by others: ai-dynamo/aiconfigurator (Apache-2.0), kernel times by framework and version.


            """
        );
        text.Append(
            "| family | rows | median | mean | p90 | bias | held-out rows | held-out median | held-out mean | held-out p90 | held-out bias | roofline mean | held-out roofline mean | faster than possible |\n"
        );
        text.Append("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
        foreach (FamilyResult f in run.Families)
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"| {f.Name} | {f.All.Count} | {Columns(f.All)} | {f.HeldOut.Count} | {Columns(f.HeldOut)} | {Percent(f.Roofline.Mean)} | {(f.RooflineHeldOut.Count == 0 ? "–" : Percent(f.RooflineHeldOut.Mean))} | {f.FasterThanPossible} |\n"
            );
        }
        text.Append(
            """

            *Faster than possible* counts rows whose measured time is less than their bytes take at the memory's peak bandwidth. They stay in the
            errors.

            Conditions of the benchmark that its published source shows and that rows are timed under: the attention rows of TensorRT-LLM 1.0
            (A100) have a cache of keys only, which kernels read as values too, so that half of the bytes come from memory and half from the
            shared SRAM. Kernels of a library multiply weights in 16-bit floats by activations in the same format, also where the tape keeps
            those activations in float32, and expand weights that the chip does not multiply; energy counts the operations that are timed.

            Numbers of structure stand in the code, apart from the fitted constants. They were chosen by eye with errors of all rows in view,
            held-out ones too, so a held-out error is less than blind where one of them matters:

            - decode attention: an element-wise kernel has three blocks a core, each at 0.7 of a copying block's rate; a block begins in half
              of its least time; a query head adds a hundredth of it; a sequence is cut into at most 256 parts of at least 64 positions; all
              cores' blocks together stream at least 1.17 of what the memory delivers, which the H100's and the A100's do by themselves;
            - quantising rows: three memory latencies a row, two blocks a core; vLLM's block-scaled product quantises as it reads below 32 rows;
            - quantised weights: on the A100 no split of K and four stages in flight, up to four rows on the vector units where activations have
              eight bits; vLLM's eight-bit products on Hopper take their tile by the rows of activations, as its sources say;
            - expanded weights: tiles down to 16 rows, and an operation more a weight where groups have scales;
            - mixtures in four-bit floats: the kernels of TensorRT-LLM's Triton path, 7 small ones for routing (9 with several ranks), tiles of
              256 × 128; of its stored versions the one that the rows match;
            - all-to-all: a step for each doubling of the members, where no startup of its own is fitted.

            Rows of chips and stacks that are not here are timed with what stands under *Timed as*. Stacks of the B200 are those of the H100 but
            for three choices, none of them held against rows: softmax runs beside the products of attention, its tensor cores apply scales of
            groups themselves, and rows sorted by expert are quantised before they are sorted. Switches of NVLink 3 do not add, those from
            NVLink 4 on do.

            End-to-end rows are whole models, compiled for the row's chips, timed and billed; nothing was fitted on them, so that all are held
            out. What was chosen for them is known of the engines, but their errors were in view: products of a layer's two halves are put
            together by sums over chips (the tape's `--parallel reduce`); kernels are fused as the stack's `fusions` say, each with its basis,
            while rows of single kernels are timed as they were measured, unfused; between chips float32 activations travel as 16-bit floats, as
            a library's do; eight-bit floats stand as eight-bit integers in groups of 128, whose scales no other chip needs; eight-bit
            checkpoints under TensorRT-LLM have an eight-bit KV cache, which they name. A row that does not state the length of its prompts gets
            256 tokens. A sequence's step has its share of the prompts of those that replace others, and energy per token their joules. Times are
            those of the kernels, whose rates were measured under the power limit; power and energy are the bill's. A client sends ten prompts
            for each that it keeps in flight, the first all at once, which queue; the others come as sequences end. Prompts that share a step with others wait for the whole step, which is not counted: times to first token of few
            sequences come out short.


            """
        );
        text.Append($"![predicted against measured]({plot})\n\n## Fitted constants\n\n");
        foreach (string name in ChipCatalog.Names(CatalogFolder.Software))
        {
            SoftwareStack stack = SoftwareStack.Load(name);
            ChipFigure[] fitted = [.. stack.Figures.Where(f => f.Confidence == Quantities.Confidence.Fitted)];
            if (fitted.Length == 0)
                continue;
            text.Append($"`{name}` ({stack.Title}, {stack.Version}): {fitted.Length}\n\n| constant | value | fitted on |\n|---|---|---|\n");
            foreach (ChipFigure figure in fitted)
                text.Append($"| {figure.Path} | {figure.Text} | {figure.Note} |\n");
            text.Append('\n');
        }
        AppendTimedAs(text, run);
        AppendDies(text, run.Dies);
        text.Append("## Worst rows\n\n| row | family | shape | predicted | measured | error |\n|---|---|---|---:|---:|---:|\n");
        foreach (
            ValidatedRow row in run
                .Rows.Where(r => r.IsExpressed)
                .OrderByDescending(r => Math.Abs(Math.Log(r.Predicted / r.Measured)))
                .Take(20)
        )
            text.Append(
                $"| {row.Row.Id} | {row.Family} | {string.Join(' ', row.Row.Fields.Where(f => f.Key is not ("gpu" or "stack" or "latency_ms")).Select(f => f.Value))} | {Amount(row.Predicted, row.Unit)} | {Amount(row.Measured, row.Unit)} | {Percent(row.Error)} |\n"
            );
        text.Append("\n## Rows that could not be expressed\n\n");
        if (run.Inexpressible.Count == 0)
            text.Append("None.\n");
        foreach ((string file, string reason, int count) in run.Inexpressible)
            text.Append(CultureInfo.InvariantCulture, $"- {count} of {file}: {reason}\n");
        return text.ToString();
    }

    private static void AppendTimedAs(StringBuilder text, ValidationRun run)
    {
        text.Append(
            "## Timed as\n\nWhat the rows name, and the chip and the stack of the catalog that stand for it.\n\n| GPU | software | rows | chip | stack |\n|---|---|---:|---|---|\n"
        );
        foreach ((string gpu, string stack, string chip, string software, int count) in run.TimedAs)
            text.Append(CultureInfo.InvariantCulture, $"| {gpu} | {stack} | {count} | {chip} | {software} |\n");
        text.Append('\n');
    }

    private static void AppendDies(StringBuilder text, IReadOnlyList<ComparedDie> dies)
    {
        if (dies.Count == 0)
            return;
        text.Append(
            """
            ## Die area

            Blocks of a die from its parts and the constants of its node beside those of an annotated photograph. Constants common to all
            nodes were fitted on these two dies, so this is no held-out error. The photograph of GA100 names no controllers of links: they lie
            in its *Other*, and the model has them under *Links*. A stack's PHY and controllers take twice the area on the die of the MI200
            that they take on GA100, for the same 1,024 bits; both are charged the mean, which is the error that remains.

            | die | block | modelled mm² | measured mm² | error |
            |---|---|---:|---:|---:|

            """
        );
        foreach (ComparedDie die in dies)
        {
            if (die.Reason is { } reason)
            {
                text.Append(CultureInfo.InvariantCulture, $"| {die.Name} | – | – | – | {reason} |\n");
                continue;
            }
            foreach (ComparedBlock b in die.Blocks)
                text.Append(
                    CultureInfo.InvariantCulture,
                    $"| {die.Name} | {b.Group} | {b.Predicted:0.0} | {b.Measured:0.0} | {Percent((double)(b.Predicted / b.Measured) - 1)} |\n"
                );
            text.Append(
                CultureInfo.InvariantCulture,
                $"| **{die.Name}** | **all** | **{die.Predicted:0.0}** | **{die.Measured:0.0}** | **{Percent((double)die.Error)}** |\n"
            );
        }
        text.Append('\n');
    }

    private static JsonObject Statistics(ErrorStatistics s) =>
        new()
        {
            ["count"] = s.Count,
            ["medianAbsoluteError"] = s.Median,
            ["meanAbsoluteError"] = s.Mean,
            ["p90AbsoluteError"] = s.P90,
            ["bias"] = s.Bias,
        };

    private static string Cells(ErrorStatistics s) =>
        s.Count == 0
            ? $"{"–", 7} {"–", 7} {"–", 7} {"–", 7}"
            : $"{Percent(s.Median), 7} {Percent(s.Mean), 7} {Percent(s.P90), 7} {Percent(s.Bias), 7}";

    private static string Columns(ErrorStatistics s) =>
        s.Count == 0 ? "– | – | – | –" : $"{Percent(s.Median)} | {Percent(s.Mean)} | {Percent(s.P90)} | {Percent(s.Bias)}";

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.0} %");

    private static string Amount(double value, string unit) =>
        unit == "s" ? PredictionReport.Seconds(value) : string.Create(CultureInfo.InvariantCulture, $"{value:0.###} {unit}");
}
