using System.Globalization;
using System.Numerics;

namespace Tapeout.Quantities;

/// <summary>
/// An amount of a currency on a date, in millionths of the currency's unit. A price without a date is not a price: text is
/// "28000 USD 2024-06-01" (a year or a month alone mean their first day).
/// </summary>
/// <param name="Millionths">Millionths of the unit.</param>
/// <param name="Currency">The ISO 4217 code.</param>
/// <param name="Date">The day the amount was valid.</param>
public readonly record struct Money(long Millionths, string Currency, DateOnly Date)
{
    private const string Allowed = "write a number, a currency and a date, e.g. \"28000 USD 2024-06\"";
    private static readonly string[] DateForms = ["yyyy-MM-dd", "yyyy-MM", "yyyy"];

    /// <summary>What a person calls it.</summary>
    public static string Noun => "an amount of money";

    /// <summary>A text that parses.</summary>
    public static string Example => "28000 USD 2024-06";

    /// <summary>The amount in whole units.</summary>
    public double TotalUnits => Millionths / 1e6;

    /// <summary>A whole number of units.</summary>
    public static Money FromUnits(long units, string currency, DateOnly date) => new(units * 1_000_000, currency, date);

    /// <summary>The sum; both must be of one currency and date.</summary>
    public static Money operator +(Money left, Money right) => left with { Millionths = left.Millionths + left.Same(right).Millionths };

    /// <summary>The difference; both must be of one currency and date.</summary>
    public static Money operator -(Money left, Money right) => left with { Millionths = left.Millionths - left.Same(right).Millionths };

    /// <summary>So many times the amount.</summary>
    public static Money operator *(Money amount, long count) => amount with { Millionths = amount.Millionths * count };

    /// <summary>Parses an amount; throws <see cref="InvalidInputException"/> saying what is allowed.</summary>
    public static Money Parse(string text) =>
        TryParse(text, out Money value, out string problem) ? value : throw new InvalidInputException(problem + ".");

    /// <summary>Parses an amount; on failure <paramref name="problem"/> says what is allowed.</summary>
    public static bool TryParse(string text, out Money value, out string problem)
    {
        value = default;
        problem = $"'{text}' is not an amount of money: {Allowed}";
        string[] parts = text.Length > 64 ? [] : text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length is 1 or 2 && DecimalText.TrySplit(parts[0], out _, out _, out string none) && none.Length == 0)
            problem = $"'{text}' lacks its {(parts.Length == 1 ? "currency and date" : "date")}: {Allowed}";
        if (parts.Length != 3 || parts[1].Length != 3 || !parts[1].All(char.IsAsciiLetterUpper))
            return false;
        if (!DecimalText.TrySplit(parts[0], out BigInteger digits, out int decimals, out string unit) || unit.Length > 0 || decimals > 6)
            return false;
        if (!DateOnly.TryParseExact(parts[2], DateForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly date))
            return false;
        BigInteger millionths = digits * BigInteger.Pow(10, 6 - decimals);
        if (millionths > long.MaxValue || millionths < long.MinValue)
        {
            problem = $"'{text}' is too large for an amount of money: at most 9223372036854 units";
            return false;
        }
        value = new((long)millionths, parts[1], date);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{DecimalText.Exact(Millionths, 1_000_000, 6)} {Currency} {Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}";

    private Money Same(Money other) =>
        other.Currency == Currency && other.Date == Date
            ? other
            : throw new InvalidOperationException($"{this} and {other} are not of one currency and date.");
}
