using CsCheck;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Quantities;

namespace Tapeout.Timing.Tests;

/// <summary>How tokens spread over experts: recorded, or drawn from a named distribution.</summary>
public sealed class ExpertTests
{
    private static ExpertRecording Recording(params int[] counts)
    {
        ExpertCounts recorded = new();
        recorded.Set(3, counts);
        ExpertRecording recording = new("run");
        recording.Add(Predictor.StepShape(1, 1, 0, false) with { Counts = recorded });
        return recording;
    }

    /// <summary>All pairs are dealt, none beyond the tokens, and shares are the recorded ones where the tokens leave room.</summary>
    [Fact]
    public void Recorded_SharesAreKept() =>
        Gen.Select(Gen.Int[0, 1000].Array[2, 40], Gen.Int[1, 300], Gen.Int[1, 4])
            .Where(c => c.Item1.Sum() > 0 && c.Item3 <= c.Item1.Length)
            .Sample(
                (recorded, tokens, used) =>
                {
                    int[] counts = Recording(recorded).Counts(3, recorded.Length, tokens, used);
                    double scale = (double)tokens * used / recorded.Sum();
                    bool hasRoom = recorded.All(r => r * scale <= tokens);
                    return counts.Sum() == tokens * used
                        && counts.All(c => c >= 0 && c <= tokens)
                        && (!hasRoom || counts.Zip(recorded).All(p => Math.Abs(p.First - p.Second * scale) <= 1.000001));
                },
                iter: 2000
            );

    [Fact]
    public void Recorded_AnExpertThatWasNeverChosenIsNot_WhileOthersHaveRoom()
    {
        Assert.Equal([0, 8, 8, 0], Recording(0, 5, 5, 0).Counts(3, 4, 8, 2));
        Assert.Equal([3, 8, 5, 0], Recording(1, 5, 2, 0).Counts(3, 4, 8, 2));
    }

    [Fact]
    public void Recording_OfTwoStepsIsTheirSum_AndReadsBack()
    {
        ExpertCounts recorded = new();
        recorded.Set(0, [1, 2, 0]);
        recorded.Set(7, [0, 0, 3]);
        ExpertRecording recording = new("run");
        Step step = Predictor.StepShape(1, 1, 0, false) with { Counts = recorded };
        recording.Add(step);
        recording.Add(step);
        Assert.Equal("layer,expert,tokens\n0,0,2\n0,1,4\n0,2,0\n7,0,0\n7,1,0\n7,2,6\n", recording.Text());
        Assert.Equal(recording.Text(), ExpertRecording.Parse("file", recording.Text()).Text());
    }

    [Theory]
    [InlineData("", "first line")]
    [InlineData("layer,expert,tokens\n0,0,-1", "line 2")]
    [InlineData("layer,expert,tokens\n0,1,5", "expert 0 of layer 0")]
    [InlineData("layer,expert,tokens\n0,0,5\n0,1", "line 3")]
    [InlineData("layer,expert,tokens\n2,0,0", "layer 2")]
    public void Recording_ThatIsNone_IsRefusedByLine(string text, string named) =>
        Assert.Contains(
            named,
            Assert.Throws<InvalidInputException>(() => ExpertRecording.Parse("f.csv", text)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Recording_OfAnotherModel_IsRefused()
    {
        Assert.Throws<InvalidInputException>(() => Recording(1, 2).Counts(3, 8, 4, 2));
        Assert.Throws<InvalidInputException>(() => Recording(1, 2).Counts(4, 2, 4, 2));
    }

    [Theory]
    [InlineData("even", 0, 0)]
    [InlineData("power-law:1.2", 1.2, 0)]
    [InlineData("power-law:0.9,17", 0.9, 17)]
    public void Named_DistributionsAreRead(string text, double exponent, ulong seed)
    {
        Assert.True(ExpertDistribution.TryParse(text, out ExpertDistribution read));
        Assert.Equal(new ExpertDistribution(exponent, seed), read);
        Assert.False(ExpertDistribution.TryParse("counts.csv", out _));
    }

    [Theory]
    [InlineData("power-law:")]
    [InlineData("power-law:0")]
    [InlineData("power-law:1,2,3")]
    [InlineData("power-law:1,-2")]
    [InlineData("power-law:NaN")]
    public void Named_DistributionsThatAreNoneAreRefused(string text) =>
        Assert.Throws<InvalidInputException>(() => ExpertDistribution.TryParse(text, out _));

    /// <summary>A spread says what its counts are, and a step is timed with it: the busiest expert of few takes longer than an even share.</summary>
    [Fact]
    public void Spread_IsThatOfTheTimedStep()
    {
        ChipDescription chip = ChipReader.Load("ideal");
        using Model model = ModelSource.Open("mixtral-8x7b");
        Tape tape = WorkTests.Compile(model, chip, "int4", 1);
        Step step = Predictor.StepShape(4, 1, 100, true);
        Assert.Equal(new ExpertSpread(1, 1, 1, 1), ExpertSpread.Of(tape, step, ExpertDistribution.Even));
        ExpertRecording recording = new("two of eight");
        ExpertCounts counts = new();
        for (int layer = 0; layer < model.Configuration.Layers; layer++)
            counts.Set(layer, [0, 9, 0, 0, 0, 0, 9, 0]);
        recording.Add(step with { Counts = counts });
        ExpertDistribution two = new() { Recording = recording };
        Assert.Equal(new ExpertSpread(1, 4, 4, 0.25), ExpertSpread.Of(tape, step, two));
        long Cycles(ExpertDistribution experts) => StepTimer.Time(tape, chip, step, new() { Experts = experts }).Cycles.Count;
        // A quarter of the experts' weights is read, which are most of a step's bytes.
        Assert.InRange(Cycles(two), 0.2 * Cycles(ExpertDistribution.Even), 0.5 * Cycles(ExpertDistribution.Even));
        using Model dense = ModelSource.Open("stories260k");
        Assert.Null(ExpertSpread.Of(WorkTests.Compile(dense, chip, "int8", 1), step, two));
    }
}
