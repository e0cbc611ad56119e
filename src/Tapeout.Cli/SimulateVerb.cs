using System.CommandLine;
using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Quantities;
using Tapeout.Reports;
using Tapeout.Timing;

namespace Tapeout.Cli;

/// <summary><c>tapeout simulate</c>: compiles the shape only, times it and makes its bill.</summary>
internal static class SimulateVerb
{
    public static Command Create(TextWriter output)
    {
        SimulatedLoad load = new();
        Option<bool> json = new("--json") { Description = "Prints one JSON object." };
        Option<bool> details = new("--details")
        {
            Description = "Prints where the time of a step goes, and what more of each resource would buy.",
        };
        Option<FileInfo?> csv = new("--csv") { Description = "Writes every instruction of the last decode step to this file." };
        Option<FileInfo?> trace = new("--trace")
        {
            Description = "Writes the last decode step for Perfetto or Chrome's trace viewer to this file.",
        };
        Option<FileInfo?> html = new("--html")
        {
            Description = "Writes a page with timeline, roofline, energy, floorplan and tables to this file.",
        };
        Option<FileInfo?> timeline = new("--timeline")
        {
            Description = "Draws the engines over the last decode step into this .svg or .png file.",
        };
        Option<bool> expandRanks = new("--expand-ranks")
        {
            Description = "Times every rank of the last decode step beside the others; --trace shows each as a process.",
        };
        Command command = new("simulate", "Times a model on a chip; no weights are needed.")
        {
            json,
            details,
            csv,
            trace,
            html,
            timeline,
            expandRanks,
        };
        load.AddTo(command);
        command.SetAction(parsed =>
        {
            Stopwatch watch = Stopwatch.StartNew();
            FileInfo? drawn = parsed.GetValue(timeline);
            bool isRaster = drawn is not null && drawn.Extension.Equals(".png", StringComparison.OrdinalIgnoreCase);
            if (drawn is not null && !isRaster && !drawn.Extension.Equals(".svg", StringComparison.OrdinalIgnoreCase))
                throw new InvalidInputException(
                    $"--timeline draws .svg and .png files, but {drawn.Name} is neither: name it with .svg or .png at its end."
                );
            using NewFile? page = NewFile.Open(parsed.GetValue(html));
            using NewFile? picture = NewFile.Open(drawn);
            return load.Use(
                parsed,
                (model, options, result, bill) =>
                {
                    ChipDescription chip = bill.Chip;
                    Prediction prediction = bill.Prediction;
                    Timeline? together = parsed.GetValue(expandRanks) ? EveryRank(result, chip, prediction) : null;
                    WriteDecodeStep(parsed.GetValue(csv), parsed.GetValue(trace), result, bill, together);
                    if (page is not null)
                    {
                        page.Write(Encoding.UTF8.GetBytes(BillPage.Html(model.Name, options.FormatName, result.Tape, bill)));
                        page.Commit();
                    }
                    if (picture is not null)
                    {
                        string conditions =
                            $"{model.Name} on {options.Chips} × {chip.Name}, {options.FormatName}, batch {prediction.Batch}, prompt {prediction.PromptTokens}, output {prediction.OutputTokens}";
                        string drawing =
                            TimelinePicture.Svg(conditions, result.Tape, bill)
                            ?? throw new InvalidInputException(
                                "The last decode step takes no time, so that --timeline has nothing to draw: leave it out."
                            );
                        picture.Write(isRaster ? RasterPicture.Png(drawing) : Encoding.UTF8.GetBytes(drawing));
                        picture.Commit();
                    }
                    if (parsed.GetValue(json))
                    {
                        JsonObject root = PredictionReport.Json(chip, options, model, result.Tape, prediction);
                        BillReport.AddTo(root, bill);
                        root["predicted"]!["mostConcurrentSequences"] = ConcurrencyReport.Json(result.Tape, chip);
                        if (parsed.GetValue(details))
                        {
                            root["details"] = new JsonObject
                            {
                                ["prefill"] = StepReport.Json(result.Tape, prediction.PrefillStepTime),
                                ["decode"] = StepReport.Json(result.Tape, prediction.DecodeStepTime),
                            };
                        }
                        if (together is not null)
                            root["expandedRanks"] = RankReport.Json(result.Tape, together, prediction.DecodeTimeline);
                        root["host"] = new JsonObject
                        {
                            ["seconds"] = watch.Elapsed.TotalSeconds,
                            ["timingProcessorSeconds"] = load.TimingProcessorTime.TotalSeconds,
                            ["peakMemoryBytes"] = Process.GetCurrentProcess().PeakWorkingSet64,
                        };
                        JsonOutput.Write(output, root);
                        return 0;
                    }
                    PredictionReport.Print(output, chip, options, model, result.Tape, prediction);
                    if (parsed.GetValue(details))
                        StepReport.Print(output, result.Tape, chip, prediction);
                    if (together is not null)
                        RankReport.Print(output, result.Tape, together, prediction.DecodeTimeline);
                    BillReport.Print(output, bill);
                    ConcurrencyReport.Print(output, result.Tape, chip);
                    Placement(output, result.Report);
                    output.WriteLine($"host: {PredictionReport.Seconds(watch.Elapsed.TotalSeconds)}");
                    return 0;
                }
            );
        });
        return command;
    }

    /// <summary>The last decode step with all ranks, served in the order of the first.</summary>
    private static Timeline EveryRank(CompilationResult result, ChipDescription chip, Prediction prediction) =>
        Timeline.Of(
            result.Tape,
            chip,
            prediction.DecodeShape,
            prediction.Options with
            {
                ExpandsRanks = true,
                Order = prediction.DecodeTimeline.Order,
            }
        );

    private static void WriteDecodeStep(FileInfo? csv, FileInfo? trace, CompilationResult result, Bill bill, Timeline? together)
    {
        using NewFile? table = NewFile.Open(csv);
        using NewFile? slices = NewFile.Open(trace);
        if (table is null && slices is null)
            return;
        Timeline timeline = bill.Prediction.DecodeTimeline;
        if (table is not null)
        {
            using StringWriter text = new();
            StepReport.Csv(text, result.Tape, timeline);
            table.Write(Encoding.UTF8.GetBytes(text.ToString()));
            table.Commit();
        }
        if (slices is not null)
        {
            using MemoryStream stream = new();
            TraceWriter.Write(stream, result.Tape, bill.Chip, together ?? timeline, bill.Power);
            slices.Write(stream.ToArray());
            slices.Commit();
        }
    }

    private static void Placement(TextWriter output, CompilationReport report)
    {
        output.WriteLine("placement (per chip; SRAM per tile)");
        PredictionReport.Row(
            output,
            "SRAM",
            $"{report.SramBytesPerTile / 1048576.0:#,0.##} MiB",
            $"{report.ResidentTensors} weight tensors resident"
        );
        PredictionReport.Row(
            output,
            "memory",
            $"{report.DramBytesPerChip / 1048576.0:#,0.##} MiB",
            $"{report.StreamedTensors} weight tensors streamed"
        );
        PredictionReport.Row(output, "KV cache", $"{report.KvBytes / 1048576.0:#,0.##} MiB", "");
    }
}
