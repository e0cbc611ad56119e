using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>An energy with its band, in whole attojoules, so that parts sum to their whole exactly.</summary>
/// <param name="Low">With every constant at its least.</param>
/// <param name="Typical">With every constant at its typical value.</param>
/// <param name="High">With every constant at its greatest.</param>
public readonly record struct EnergyBand(Energy Low, Energy Typical, Energy High)
{
    /// <summary>Nothing.</summary>
    public static EnergyBand Zero => default;

    /// <summary>The sum.</summary>
    public static EnergyBand operator +(EnergyBand left, EnergyBand right) =>
        new(left.Low + right.Low, left.Typical + right.Typical, left.High + right.High);

    /// <summary>So many times an energy given in picojoules: the constant is rounded to an attojoule, the product is exact.</summary>
    public static EnergyBand Of(Int128 count, Band picojoules) =>
        new(Times(count, picojoules.Low), Times(count, picojoules.Typical), Times(count, picojoules.High));

    /// <summary>A share of this, each end rounded to an attojoule.</summary>
    public EnergyBand Share(Band factor) => new(Part(Low, factor.Low), Part(Typical, factor.Typical), Part(High, factor.High));

    private static Energy Times(Int128 count, decimal picojoules) => new(count * (Int128)Math.Round(picojoules * 1_000_000m));

    // A billionth of the factor is kept: Int128 holds 1.7e20 J, so energies up to 1.7e11 J can be shared.
    private static Energy Part(Energy energy, decimal factor) =>
        new(energy.Count * (Int128)Math.Round(factor * 1_000_000_000m) / 1_000_000_000);
}
