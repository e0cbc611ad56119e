namespace Tapeout.Timing;

/// <summary>Dies of a wafer, and how many of them work. Decimal arithmetic: the same digits on every host.</summary>
public static class DieYield
{
    /// <summary>The share of dies of <paramref name="area"/> mm2 that have no defect, at <paramref name="density"/> defects per cm2.</summary>
    /// <param name="model">How defects spread.</param>
    /// <param name="area">mm2, not negative.</param>
    /// <param name="density">Defects per cm2, not negative.</param>
    /// <param name="clusters">The cluster parameter of the negative binomial, a whole number of at least 1.</param>
    public static decimal Of(YieldModel model, decimal area, decimal density, int clusters = 3)
    {
        decimal defects = area / 100 * density;
        if (defects == 0)
            return 1;
        switch (model)
        {
            case YieldModel.Poisson:
                return Exponential(-defects);
            case YieldModel.Murphy:
                decimal mean = (1 - Exponential(-defects)) / defects;
                return mean * mean;
            default:
                decimal share = 1 / (1 + defects / clusters);
                decimal yield = 1;
                for (int i = 0; i < clusters; i++)
                    yield *= share;
                return yield;
        }
    }

    /// <summary>
    /// The share of dies that can be sold if up to <paramref name="spare"/> of <paramref name="tiles"/> may be switched off: everything else
    /// works, and no more tiles than that have a defect. Defects of tiles are taken as independent.
    /// </summary>
    /// <param name="model">How defects spread.</param>
    /// <param name="area">mm2 of the whole die.</param>
    /// <param name="tileArea">mm2 of all tiles together, a part of it.</param>
    /// <param name="tiles">Tiles on the die.</param>
    /// <param name="spare">Tiles that may be bad.</param>
    /// <param name="density">Defects per cm2.</param>
    /// <param name="clusters">The cluster parameter.</param>
    public static decimal WithSpares(
        YieldModel model,
        decimal area,
        decimal tileArea,
        int tiles,
        int spare,
        decimal density,
        int clusters = 3
    )
    {
        if (spare <= 0 || tiles <= 0)
            return Of(model, area, density, clusters);
        decimal good = Of(model, tileArea / tiles, density, clusters);
        decimal bad = 1 - good;
        // Terms of the binomial from none bad on; the ratio of neighbours avoids factorials.
        decimal term = Power(good, tiles);
        decimal sum = 0;
        for (int k = 0; k <= Math.Min(spare, tiles); k++)
        {
            sum += term;
            if (k < tiles && good > 0)
                term = term * (tiles - k) / (k + 1) * (bad / good);
        }
        return Math.Min(1, sum) * Of(model, area - tileArea, density, clusters);
    }

    /// <summary>
    /// Whole dies of a round wafer: its area over the die's, less those that its edge cuts, ⌊πr² / A − πd / √(2A)⌋; one if the formula gives
    /// none and the die still fits inside (a wafer-scale die).
    /// </summary>
    /// <param name="area">mm2 of the die with its scribe lines.</param>
    /// <param name="diameter">Millimetres of the wafer.</param>
    public static int DiesPerWafer(decimal area, decimal diameter = 300)
    {
        const decimal Pi = 3.14159265358979323846m;
        decimal wafer = Pi * diameter * diameter / 4;
        decimal dies = wafer / area - Pi * diameter / Root(2 * area);
        if (dies >= 1)
            return (int)Math.Min(int.MaxValue, Math.Floor(dies));
        // A square of 0.637 of the wafer is inscribed in it; rounded corners give a little more.
        return area <= wafer * 0.66m ? 1 : 0;
    }

    /// <summary>e to the power of <paramref name="exponent"/>, to 20 digits.</summary>
    public static decimal Exponential(decimal exponent)
    {
        if (exponent < -60)
            return 0;
        int halvings = 0;
        while (Math.Abs(exponent) > 0.5m)
        {
            exponent /= 2;
            halvings++;
        }
        decimal sum = 1;
        decimal term = 1;
        for (int i = 1; i < 24; i++)
        {
            term = term * exponent / i;
            sum += term;
        }
        for (; halvings > 0; halvings--)
            sum *= sum;
        return sum;
    }

    /// <summary>The square root by Newton's method.</summary>
    internal static decimal Root(decimal value)
    {
        if (value <= 0)
            return 0;
        decimal root = (decimal)Math.Sqrt((double)value);
        for (int i = 0; i < 3; i++)
            root = (root + value / root) / 2;
        return Math.Round(root, 12);
    }

    private static decimal Power(decimal value, int exponent)
    {
        decimal result = 1;
        for (decimal square = value; exponent > 0; exponent >>= 1, square *= square)
        {
            if ((exponent & 1) != 0)
                result *= square;
        }
        return result;
    }
}
