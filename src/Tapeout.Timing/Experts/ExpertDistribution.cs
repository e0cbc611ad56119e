using System.Globalization;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>
/// How the tokens of a step spread over experts: as they did in a recording, evenly, or with popularities that are the evenly spaced quantiles
/// of a power law p(x) ~ x^−Exponent between 1 and 0.8 of the tokens, dealt to experts from a seed. Named, so that a report can state it.
/// </summary>
/// <param name="Exponent">The exponent; 0 for an even spread.</param>
/// <param name="Seed">Which expert gets which rank, by layer.</param>
public readonly record struct ExpertDistribution(double Exponent, ulong Seed)
{
    /// <summary>Every expert gets the same; the first ones take what is left over.</summary>
    public static ExpertDistribution Even => default;

    /// <summary>Counts of a run, in whose shares tokens spread; none for a distribution.</summary>
    public ExpertRecording? Recording { get; init; }

    /// <summary>"even", "power law 1.2, seed 7" or "as recorded in FILE".</summary>
    public override string ToString() =>
        Recording is not null ? $"as recorded in {Recording.Name}"
        : Exponent == 0 ? "even"
        : string.Create(CultureInfo.InvariantCulture, $"power law {Exponent}, seed {Seed}");

    /// <summary>Reads "even", "power-law:1.2" or "power-law:1.2,7" (exponent and seed); false for anything else, which may be a file.</summary>
    /// <exception cref="InvalidInputException">It begins as a power law, but is none.</exception>
    public static bool TryParse(string text, out ExpertDistribution distribution)
    {
        const string PowerLaw = "power-law:";
        distribution = Even;
        if (text == "even")
            return true;
        if (!text.StartsWith(PowerLaw, StringComparison.Ordinal))
            return false;
        string[] numbers = text[PowerLaw.Length..].Split(',');
        ulong seed = 0;
        if (
            numbers.Length > 2
            || !double.TryParse(numbers[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double exponent)
            || exponent is not (> 0 and <= 5)
            || (numbers.Length == 2 && !ulong.TryParse(numbers[1], NumberStyles.None, CultureInfo.InvariantCulture, out seed))
        )
            throw new InvalidInputException(
                $"'{text}' is no power law: write power-law:EXPONENT or power-law:EXPONENT,SEED with an exponent above 0 and at most 5, such as power-law:1.2,7."
            );
        distribution = new(exponent, seed);
        return true;
    }

    /// <summary>
    /// Token and expert pairs of each expert: shares by popularity, no expert more than <paramref name="tokens"/>, whole numbers by largest
    /// remainder, ties to the lowest expert.
    /// </summary>
    /// <param name="layer">The layer: another order of popularity.</param>
    /// <param name="experts">Experts.</param>
    /// <param name="tokens">Tokens, each of which goes to an expert at most once.</param>
    /// <param name="used">Experts of a token.</param>
    public int[] Counts(int layer, int experts, int tokens, int used)
    {
        if (Recording is not null)
            return Recording.Counts(layer, experts, tokens, used);
        int[] counts = new int[experts];
        long pairs = (long)tokens * used;
        if (Exponent == 0)
        {
            for (int e = 0; e < experts; e++)
                counts[e] = (int)(pairs / experts + (e < pairs % experts ? 1 : 0));
            return counts;
        }
        int[] order = [.. Enumerable.Range(0, experts)];
        for (int i = experts - 1; i > 0; i--)
        {
            int j = (int)(Mix(Seed ^ ((ulong)(layer + 1) << 32) ^ (ulong)i) % (ulong)(i + 1));
            (order[i], order[j]) = (order[j], order[i]);
        }
        double exponent = 1 - Exponent;
        (double low, double high) = pairs > experts ? (1.0, Math.Max(2, 0.8 * tokens)) : (0.01, 2.0);
        double Popularity(double quantile) =>
            Math.Abs(exponent) < 1e-9
                ? low * Math.Pow(high / low, quantile)
                : Math.Pow(Math.Pow(low, exponent) + quantile * (Math.Pow(high, exponent) - Math.Pow(low, exponent)), 1 / exponent);
        double[] weight = [.. Enumerable.Range(0, experts).Select(r => Popularity((experts - r - 0.5) / experts))];
        double sum = weight.Sum();
        long left = pairs;
        double carried = 0;
        for (int r = 0; r < experts && left > 0; r++)
        {
            double share = pairs * weight[r] / sum + carried;
            int whole = (int)Math.Min(Math.Min(tokens, left), Math.Round(share));
            carried = share - whole;
            counts[order[r]] = whole;
            left -= whole;
        }
        // What the caps left over goes to the most popular that still have room.
        for (int r = 0; r < experts && left > 0; r++)
        {
            int room = (int)Math.Min(left, tokens - counts[order[r]]);
            counts[order[r]] += room;
            left -= room;
        }
        return counts;
    }

    // splitmix64 (Steele, Lea, Flood 2014).
    private static ulong Mix(ulong value)
    {
        unchecked
        {
            value += 0x9E3779B97F4A7C15;
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
            return value ^ (value >> 31);
        }
    }
}
