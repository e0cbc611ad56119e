using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>
/// The name of a number format, as <see cref="NumberFormat.ToString"/> writes it, in which * stands for any text: <c>int8-row</c>,
/// <c>int4-g32-min@f16</c>, <c>int4-*</c>, <c>*</c>.
/// </summary>
/// <param name="Text">The pattern.</param>
public readonly record struct FormatPattern(string Text)
{
    private static readonly string[] KnownNames = [.. AllNames()];

    /// <summary>True if the format's name fits the pattern.</summary>
    public bool Matches(NumberFormat format) => Fits(format.ToString(), Text);

    /// <summary>Accepts a pattern that at least one format fits; otherwise <paramref name="problem"/> says what is allowed.</summary>
    public static bool TryParse(string text, out FormatPattern pattern, out string problem)
    {
        pattern = new(text);
        problem = "";
        if (text.Length <= 32 && KnownNames.Any(name => Fits(name, text)))
            return true;
        problem =
            $"'{Dimensions.Shorten(text)}' is not a number format{Sentence.DidYouMean(text, KnownNames)}: write a name such as f32, f16, bf16, "
            + "int8-row, int8-g32, int4-g32, int4-g32-zero, int4-g32-min@f16, ternary-tensor or binary-row, or a pattern such as int4-*";
        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => Text;

    private static bool Fits(string name, string pattern)
    {
        string[] parts = pattern.Split('*');
        if (parts.Length == 1)
            return name == pattern;
        if (!name.StartsWith(parts[0], StringComparison.Ordinal))
            return false;
        int at = parts[0].Length;
        foreach (string part in parts[1..^1])
        {
            int found = name.IndexOf(part, at, StringComparison.Ordinal);
            if (found < 0)
                return false;
            at = found + part.Length;
        }
        return name.Length - at >= parts[^1].Length && name.EndsWith(parts[^1], StringComparison.Ordinal);
    }

    private static IEnumerable<string> AllNames()
    {
        int[] groups = [0, 16, 32, 64, 128, 256, 512, 1024];
        foreach (ElementType element in Enum.GetValues<ElementType>())
        {
            yield return Valid(new NumberFormat(element));
            foreach (ScaleGranularity granularity in Enum.GetValues<ScaleGranularity>())
            {
                foreach (OffsetKind offset in Enum.GetValues<OffsetKind>())
                {
                    foreach (ElementType scale in new[] { ElementType.F32, ElementType.F16, ElementType.BF16 })
                    {
                        foreach (int group in groups)
                            yield return Valid(new NumberFormat(element, granularity, group, offset, scale));
                    }
                }
            }
        }

        static string Valid(NumberFormat format) => format.IsValid ? format.ToString() : "";
    }
}
