using System.Text.Json.Nodes;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Timing;

namespace Tapeout.Reports.Tests;

public sealed class StepReportTests
{
    private static (Tape Tape, ChipDescription Chip, Prediction Prediction) Case()
    {
        ChipDescription chip = ChipReader.Load("ideal");
        using Model model = ModelSource.Open("smollm2-135m");
        Tape tape = Compilation
            .Compile(
                model,
                new()
                {
                    Chip = chip,
                    Format = "int4",
                    ContextLength = 256,
                    MaxTokensPerStep = 16,
                    Weights = false,
                }
            )
            .Tape;
        return (tape, chip, Predictor.Predict(tape, chip, 32, 8, 1));
    }

    [Fact]
    public void Json_PartsSumToTheStep()
    {
        (Tape tape, _, Prediction prediction) = Case();
        JsonObject json = StepReport.Json(tape, prediction.DecodeStepTime);
        long cycles = (long)json["cycles"]!;
        foreach (string part in (string[])["charged", "operators"])
            Assert.Equal(cycles, json[part]!.AsObject().Sum(p => (long)p.Value!));
        Assert.Equal(cycles, json["criticalPath"]!.AsArray().Sum(e => (long)e!["cycles"]!));
    }

    [Fact]
    public void Csv_HasALineForEveryExecution()
    {
        (Tape tape, ChipDescription chip, Prediction prediction) = Case();
        Timeline timeline = Timeline.Of(tape, chip, prediction.DecodeShape, prediction.Options);
        using StringWriter text = new();
        StepReport.Csv(text, tape, timeline);
        string[] lines = text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(timeline.Count + 1, lines.Length);
        int columns = lines[0].Split(',').Length;
        Assert.All(lines, line => Assert.Equal(columns, line.Split(',').Length));
        Assert.Equal(timeline.Makespan.Count, lines.Skip(1).Max(l => long.Parse(l.Split(',')[8])));
    }

    [Fact]
    public void Trace_HasASliceForEveryExecution_InsideTheStep()
    {
        (Tape tape, ChipDescription chip, Prediction prediction) = Case();
        Timeline timeline = Timeline.Of(tape, chip, prediction.DecodeShape, prediction.Options);
        using MemoryStream stream = new();
        TraceWriter.Write(stream, tape, chip, timeline);
        JsonArray events = JsonNode.Parse(stream.ToArray())!["traceEvents"]!.AsArray();
        JsonNode[] slices = [.. events.Where(e => (string)e!["ph"]! == "X").Select(e => e!)];
        Assert.Equal(timeline.Count - 1, slices.Length);
        double end = Quantities.Duration.FromCycles(timeline.Makespan, timeline.Clock).TotalSeconds * 1e6;
        Assert.All(slices, s => Assert.InRange((double)s["ts"]! + (double)s["dur"]!, 0, end + 1e-6));
        Assert.Contains(events, e => (string)e!["ph"]! == "M" && (string)e["name"]! == "process_name");
    }

    [Fact]
    public void Tables_NameLimitersAndWhatMoreBuys()
    {
        (Tape tape, ChipDescription chip, Prediction prediction) = Case();
        using StringWriter text = new();
        StepReport.Print(text, tape, chip, prediction);
        string report = text.ToString();
        foreach (
            string part in (string[])["critical path by cause", "by operator", "by instruction", "occupancy", "10 % more", "limited by"]
        )
            Assert.Contains(part, report, StringComparison.Ordinal);
    }

    [Fact]
    public void Concurrency_FallsWithContext_AndHoldsWhatTheTapeHolds()
    {
        (Tape tape, ChipDescription chip, _) = Case();
        long before = long.MaxValue;
        foreach (int context in (int[])[64, 256, 1024, 4096])
        {
            long most = Concurrency.MostSequences(tape, chip, context);
            Assert.InRange(most, 1, before);
            before = most;
        }
    }
}
