using Tapeout.Chips;
using Tapeout.Quantities;

namespace Tapeout.Timing.Tests;

public sealed class CostTests
{
    /// <summary>The dies and yields that the table of facts works out: π·150²/A − π·300/√(2A), (1 + A·D/3)⁻³.</summary>
    [Theory]
    [InlineData(100, 640, 0.09, 0.915)]
    [InlineData(400, 143, 0.09, 0.712)]
    [InlineData(800, 64, 0.09, 0.524)]
    [InlineData(800, 64, 0.12, 0.435)]
    public void Wafer_TheWorkedExamples(int area, int dies, double density, double yield)
    {
        Assert.Equal(dies, DieYield.DiesPerWafer(area));
        Assert.Equal(yield, (double)DieYield.Of(YieldModel.NegativeBinomial, area, (decimal)density), 3);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(814)]
    [InlineData(46225)]
    public void Yield_ClosedForms(int area)
    {
        double defects = area / 100.0 * 0.1;
        Assert.Equal(Math.Exp(-defects), (double)DieYield.Of(YieldModel.Poisson, area, 0.1m), 12);
        double murphy = defects == 0 ? 1 : Math.Pow((1 - Math.Exp(-defects)) / defects, 2);
        Assert.Equal(murphy, (double)DieYield.Of(YieldModel.Murphy, area, 0.1m), 12);
        Assert.Equal(Math.Pow(1 + defects / 3, -3), (double)DieYield.Of(YieldModel.NegativeBinomial, area, 0.1m), 12);
    }

    [Fact]
    public void Yield_PoissonIsTheWorstAndSparesHelp()
    {
        decimal poisson = DieYield.Of(YieldModel.Poisson, 800, 0.1m);
        decimal murphy = DieYield.Of(YieldModel.Murphy, 800, 0.1m);
        decimal binomial = DieYield.Of(YieldModel.NegativeBinomial, 800, 0.1m);
        Assert.True(poisson < murphy && murphy < binomial);
        decimal before = binomial;
        for (int spare = 1; spare <= 12; spare++)
        {
            decimal now = DieYield.WithSpares(YieldModel.NegativeBinomial, 800, 500, 144, spare, 0.1m);
            Assert.True(now >= before - 0.05m);
            before = now;
        }
        Assert.InRange(before, 0.75m, 0.77m);
        Assert.Equal(1m, DieYield.WithSpares(YieldModel.Poisson, 800, 800, 10, 10, 0.1m), 10);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(-1, 0.36787944117144233)]
    [InlineData(-20, 2.0611536224385579e-9)]
    [InlineData(-100, 0)]
    public void Exponential_TheLibraryAgrees(int exponent, double expected) =>
        Assert.Equal(expected, (double)DieYield.Exponential(exponent), 14);

    [Fact]
    public void Wafer_AWaferScaleDieIsOneAndALargerNone()
    {
        Assert.Equal(1, DieYield.DiesPerWafer(46_225));
        Assert.Equal(0, DieYield.DiesPerWafer(60_000));
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() =>
            Cost(ChipReader.Load("ideal"), Figure.Count("die", 60_000, "mm2"))
        );
        Assert.Contains("does not fit a wafer", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_SumToTheChip()
    {
        ChipCost cost = Cost(ChipReader.Load("ideal"), Figure.Count("die", 430, "mm2"));
        Assert.Equal(cost.Total.Value.Typical, cost.Lines.Sum(l => l.Value.Typical));
        Assert.Equal(cost.Total.Value.High, cost.Lines.Sum(l => l.Value.High));
        Assert.True(cost.Total.Value.Low < cost.Total.Value.Typical && cost.Total.Value.Typical < cost.Total.Value.High);
    }

    /// <summary>Published bills of materials put the H100 at 3,320 dollars: die 300, memory 1,350, package 750, test and assembly 920.</summary>
    [Fact]
    public void H100_ThePublishedBillOfMaterialsLiesInTheBand()
    {
        ChipDescription chip = ChipReader.Load("nvidia-h100-sxm");
        ChipCost cost = Cost(chip, Figure.Count("die", 814, "mm2"));
        Assert.InRange(3320m, cost.Total.Value.Low, cost.Total.Value.High);
        Assert.InRange(cost.Total.Value.Typical / 3320m, 0.7m, 1.3m);
    }

    [Fact]
    public void Node_WithoutDefectDensityIsRefusedByName()
    {
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() =>
            Cost(ChipReader.Load("ideal", ["technology=2nm"]), Figure.Count("die", 430, "mm2"))
        );
        Assert.Contains("2nm has no constant 'defectDensity'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_TheClosedForm()
    {
        ChipDescription chip = ChipReader.Load("ideal");
        NodeConstants node = new(chip.Technology);
        ChipCost cost = Cost(chip, Figure.Count("die", 430, "mm2"));
        Figure dollars = CostModel.PerMillionTokens(chip, 2, cost, node, 1000, Figure.Count("energy", 0.5m, "J"), new());
        decimal lifetime = 4 * 365.25m * 86400 * 0.7m * 1000 / 1_000_000;
        decimal expected = (cost.Total.Value.Typical + 2000) * 2 / lifetime + 0.5m * 1_000_000 / 3_600_000 * 0.08m * 1.2m;
        Assert.InRange(dollars.Value.Typical, expected * 0.999999m, expected * 1.000001m);
        Assert.True(dollars.Value.Low < dollars.Value.Typical);
    }

    [Fact]
    public void Price_OfTheFileIsWrittenOff()
    {
        Figure? price = CostModel.Price(ChipReader.Load("groq-lpu-v1"));
        Assert.Equal(19948m, price!.Value.Typical);
        Assert.Null(CostModel.Price(ChipReader.Load("ideal")));
    }

    private static ChipCost Cost(ChipDescription chip, Figure die)
    {
        NodeConstants node = new(chip.Technology);
        return CostModel.Of(chip, die, AreaModel.Of(ChipReader.Load(chip.Name), new NodeConstants("3nm")), node, new());
    }
}
