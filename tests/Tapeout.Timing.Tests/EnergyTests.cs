using System.Globalization;
using CsCheck;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Timing.Tests;

public sealed class EnergyTests
{
    public static TheoryData<string, string, string, int> Bindings => WorkTests.Bindings;

    [Theory]
    [MemberData(nameof(Bindings))]
    public void Parts_SumToTheWholeExactly(string name, string chipName, string format, int chips)
    {
        Bill bill = Billed(name, WorkTests.Load(chipName), format, chips);
        foreach (PhaseEnergy phase in (PhaseEnergy[])[bill.Prefill!, bill.Decode!])
        {
            foreach (Boundary boundary in Enum.GetValues<Boundary>())
            {
                EnergyBand total = phase.Total(boundary);
                EnergyBand parts = Enum.GetValues<EnergyPart>().Aggregate(EnergyBand.Zero, (sum, part) => sum + phase.Of(part, boundary));
                Assert.Equal(total, parts);
                Assert.True(total.Low <= total.Typical && total.Typical <= total.High);
            }
            EnergyBand instructions = phase
                .Lines.GroupBy(l => (l.Role, l.ProgramCounter))
                .Aggregate(EnergyBand.Zero, (sum, g) => sum + g.Aggregate(EnergyBand.Zero, (s, l) => s + l.Energy));
            Assert.Equal(phase.Total(Boundary.System), instructions);
            Assert.True(phase.Total(Boundary.Die).Typical < phase.Total(Boundary.Card).Typical);
            Assert.True(phase.Total(Boundary.Card).Typical < phase.Total(Boundary.System).Typical);
        }
        Assert.True(bill.Decode!.MeanWatts(Boundary.Card) / chips <= bill.Chip.Power.Tdp.TotalWatts * 1.001);
        TestContext.Current.TestOutputHelper?.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"{name} {format} on {chips} {chipName}: {bill.JoulesPerToken!.Value.Typical:0.####} J/token [{bill.JoulesPerToken.Value.Low:0.####}, {bill.JoulesPerToken.Value.High:0.####}] {bill.Decode!.MeanWatts(Boundary.Card) / chips:0} W, slowdown {bill.Slowdown}, {bill.DollarsPerMillionTokens?.Value.Typical:0.###} USD/Mtoken"
            )
        );
        foreach (EnergyPart part in Enum.GetValues<EnergyPart>())
            TestContext.Current.TestOutputHelper?.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"   {part} {bill.Decode!.PerToken(bill.Decode.Of(part, Boundary.System).Typical):0.####}"
                )
            );
    }

    /// <summary>An energy is its counts times its constants, and nothing else.</summary>
    [Fact]
    public void Lines_AreCountsTimesConstants()
    {
        Bill bill = Billed("smollm2-135m", ChipReader.Load("ideal"), "int8", 1);
        Assert.All(
            bill.Decode!.Lines.Where(l => l.Count > 0),
            l => Assert.Equal((Int128)Math.Round(l.Cause.Value.Typical * 1_000_000) * l.Count, l.Energy.Typical.Count)
        );
    }

    [Fact]
    public void Band_SumsKeepTheirOrder() =>
        Gen.Select(Gen.Long[0, 1L << 50], Gen.Double[0, 100], Gen.Double[0, 100], Gen.Double[0, 100])
            .Sample(
                (count, a, b, c) =>
                {
                    decimal[] ends = [(decimal)a, (decimal)b, (decimal)c];
                    Array.Sort(ends);
                    EnergyBand band = EnergyBand.Of(count, new(ends[0], ends[1], ends[2]));
                    EnergyBand twice = band + band;
                    return band.Low <= band.Typical
                        && band.Typical <= band.High
                        && twice.Typical.Count == 2 * band.Typical.Count
                        && band.Share(Band.Exactly(0.5m)).Typical <= band.Typical;
                },
                iter: 2000
            );

    /// <summary>A chip without SRAM bytes, network or static power is its multiplies: 45 nm and the classic table.</summary>
    [Fact]
    public void Multiply_ClosedFormOfTheClassicTable()
    {
        NodeConstants node = new("45nm");
        Assert.InRange(EnergyConstants.Multiply(node, ElementType.I8, ElementType.I8).Value.Typical, 0.199m, 0.201m);
        decimal half = EnergyConstants.Multiply(node, ElementType.F16, ElementType.F16).Value.Typical;
        // A multiply of 1.1 pJ and an addition of 0.4 pJ in the table.
        Assert.InRange(half, 0.6m, 1.7m);
    }

    [Fact]
    public void Sram_TheTableOfSevenNanometresComesOut()
    {
        NodeConstants node = new("7nm");
        Assert.InRange(node.SramAccess(8192).Value.Typical, 0.116m, 0.119m);
        Assert.InRange(node.SramAccess(32768).Value.Typical, 0.132m, 0.134m);
        Assert.InRange(node.SramAccess(1 << 20).Value.Typical, 0.218m, 0.220m);
        decimal before = 0;
        for (long bytes = 512; bytes <= 4 << 20; bytes *= 2)
        {
            decimal now = node.SramAccess(bytes).Value.Typical;
            Assert.True(now >= before && now > 0);
            before = now;
        }
    }

    [Fact]
    public void Power_AboveTheLimitStretchesTime()
    {
        Bill free = Billed("llama-3.1-8b", ChipReader.Load("ideal", ["power.tdp=100kW"]), "int4", 1);
        Bill tight = Billed("llama-3.1-8b", ChipReader.Load("ideal", ["power.tdp=120W", "power.idle=10W"]), "int4", 1);
        Assert.Equal((1, 1), free.Slowdown);
        Assert.True(tight.Slowdown.Decode > 1);
        Assert.True(tight.Prediction.TokensPerSecond < free.Prediction.TokensPerSecond);
        Assert.Equal(120, tight.Decode!.MeanWatts(Boundary.Card), 0.2);
    }

    [Fact]
    public void Power_LessThanIdleIsRefused()
    {
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() =>
            Billed("smollm2-135m", ChipReader.Load("ideal", ["power.tdp=5W", "power.idle=1W"]), "int8", 1)
        );
        Assert.Contains("raise power.tdp", refusal.Message, StringComparison.Ordinal);
    }

    /// <summary>Where only the low end of leakage and clock fits the limit, the file's own idle power is taken.</summary>
    [Fact]
    public void Power_OfASmallChipIsThatOfItsFile()
    {
        Bill bill = Billed("smollm2-135m", ChipReader.Load("ideal", ["power.tdp=40W", "power.idle=11W"]), "int8", 1);
        Assert.Contains(bill.Decode!.Lines, l => l.Name == "ideal.power.idle");
        Assert.DoesNotContain(bill.Decode!.Lines, l => l.Name == "clock");
    }

    [Fact]
    public void Node_ThatIsUnknownLeavesFiguresOutAndSaysWhy()
    {
        Bill bill = Billed("smollm2-135m", ChipReader.Load("ideal", ["technology=1.6nm"]), "int8", 1);
        Assert.Null(bill.Blocks);
        Assert.Null(bill.JoulesPerToken);
        Assert.Null(bill.DollarsPerMillionTokens);
        Assert.Equal(["area", "energy", "money"], bill.Unknown.Keys.Order());
        bill = Billed("smollm2-135m", ChipReader.Load("ideal", ["technology=2nm"]), "int8", 1);
        Assert.NotNull(bill.JoulesPerToken);
        Assert.Null(bill.DollarsPerMillionTokens);
        Assert.Contains("defectDensity", bill.Unknown["money"], StringComparison.Ordinal);
    }

    [Fact]
    public void Trace_HoldsTheEnergyOfTheStep()
    {
        ChipDescription chip = ChipReader.Load("ideal");
        using Model model = ModelSource.Open("llama-3.1-8b");
        Tape tape = WorkTests.Compile(model, chip, "int4", 1);
        Bill bill = Bill.Of(tape, chip, Predictor.Predict(tape, chip, 100, 8, 1));
        PowerTrace trace = bill.Power!;
        Assert.True(trace.PeakWatts >= trace.Watts.Average());
        double mean = bill.Decode!.MeanWatts(Boundary.Card);
        Assert.InRange(trace.Watts.Average() / mean, 0.9, 1.1);
    }

    /// <summary>Every node from 130 nm on has a bill of energy, and a smaller node takes no more for the same multiply.</summary>
    [Theory]
    [MemberData(nameof(AreaTests.Nodes), MemberType = typeof(AreaTests))]
    public void Nodes_AllHaveAnEnergy(string name)
    {
        Bill bill = Billed("smollm2-135m", ChipReader.Load("reference", [$"technology={name}", "power.tdp=100kW"]), "int8", 1);
        Assert.True(bill.JoulesPerToken!.Value.Typical > 0);
    }

    private static Bill Billed(string name, ChipDescription chip, string format, int chips)
    {
        using Model model = ModelSource.Open(name);
        Tape tape = WorkTests.Compile(model, chip, format, chips);
        return Bill.Of(tape, chip, Predictor.Predict(tape, chip, 100, 50, 2));
    }
}
