using System.Globalization;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>
/// A chip file's duration of one instruction in cycles: whole numbers, the names <c>rows columns elements bytes n k tokens</c>, the operators
/// + − * / (rounded up) and parentheses, e.g. <c>40</c>, <c>rows + 12</c>, <c>(n / 64) * (rows + 8)</c>.
/// </summary>
public sealed class DurationFormula
{
    private static readonly string[] Names = ["rows", "columns", "elements", "bytes", "n", "k", "tokens"];
    private readonly Func<Func<string, long>, long> _value;

    private DurationFormula(Func<Func<string, long>, long> value) => _value = value;

    /// <summary>Parses a formula.</summary>
    /// <param name="instruction">The instruction it is for, for the refusal.</param>
    /// <param name="text">The formula.</param>
    /// <exception cref="InvalidInputException">It is not a formula; the place is named.</exception>
    public static DurationFormula Parse(string instruction, string text)
    {
        Reader reader = new(instruction, text);
        return new(reader.Whole());
    }

    /// <summary>The duration in cycles, at least 0.</summary>
    /// <param name="size">The value of a name.</param>
    public long Evaluate(Func<string, long> size) => Math.Max(0, _value(size));

    private sealed class Reader(string instruction, string text)
    {
        private int _at;
        private int _depth;

        public Func<Func<string, long>, long> Whole()
        {
            Func<Func<string, long>, long> value = Sum();
            return _at == text.Length ? value : throw Refused();
        }

        private Func<Func<string, long>, long> Sum()
        {
            Func<Func<string, long>, long> left = Product();
            while (Next() is '+' or '-')
            {
                bool plus = text[_at++] == '+';
                Func<Func<string, long>, long> first = left;
                Func<Func<string, long>, long> second = Product();
                left = plus ? s => first(s) + second(s) : s => first(s) - second(s);
            }
            return left;
        }

        private Func<Func<string, long>, long> Product()
        {
            Func<Func<string, long>, long> left = Term();
            while (Next() is '*' or '/')
            {
                bool times = text[_at++] == '*';
                Func<Func<string, long>, long> first = left;
                Func<Func<string, long>, long> second = Term();
                left = times ? s => first(s) * second(s) : s => Quotient(first(s), second(s));
            }
            return left;
        }

        private Func<Func<string, long>, long> Term()
        {
            char next = Next();
            int start = _at;
            if (next == '(' && _depth < 32)
            {
                _at++;
                _depth++;
                Func<Func<string, long>, long> inner = Sum();
                _depth--;
                if (Next() != ')')
                    throw Refused();
                _at++;
                return inner;
            }
            while (_at < text.Length && char.IsAsciiLetterOrDigit(text[_at]))
                _at++;
            string word = text[start.._at];
            if (long.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
                return _ => number;
            return Names.Contains(word) ? s => s(word) : throw Refused();
        }

        private char Next()
        {
            while (_at < text.Length && text[_at] == ' ')
                _at++;
            return _at < text.Length ? text[_at] : '\0';
        }

        private long Quotient(long value, long by) =>
            by > 0
                ? (value + by - 1) / by
                : throw new InvalidInputException(
                    $"The duration of {instruction}, '{text}', divides by {by}: use a divisor of at least 1."
                );

        private InvalidInputException Refused() =>
            new(
                $"The duration of {instruction}, '{text}', is not a formula at character {_at + 1}: write whole numbers, {string.Join(", ", Names)}, + - * / and parentheses, e.g. \"rows + 12\"."
            );
    }
}
