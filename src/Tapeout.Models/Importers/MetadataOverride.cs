using System.Globalization;
using Tapeout.Quantities;

namespace Tapeout.Models.Importers;

/// <summary>
/// A metadata value that replaces or adds one of the file: <c>KEY=TYPE:VALUE</c> with the types <c>int</c>, <c>float</c>, <c>bool</c>
/// and <c>str</c>, as llama.cpp's <c>--override-kv</c>.
/// </summary>
/// <param name="Key">The metadata key, for example <c>llama.attention.sliding_window</c>.</param>
/// <param name="Value">The value that stands in the file's stead.</param>
public sealed record MetadataOverride(string Key, GgufValue Value)
{
    /// <summary>Reads <c>KEY=TYPE:VALUE</c>; anything else is refused with a sentence.</summary>
    public static MetadataOverride Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        int colon = equals < 0 ? -1 : text.IndexOf(':', equals);
        if (equals <= 0 || colon < 0)
            throw Refuse(text, "the form is KEY=TYPE:VALUE, for example llama.context_length=int:512");
        string key = text[..equals];
        string type = text[(equals + 1)..colon];
        string value = text[(colon + 1)..];
        switch (type)
        {
            case "int":
                if (!long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long integer))
                    throw Refuse(text, $"'{value}' is not a whole number");
                return Integer(key, integer);
            case "float":
                if (
                    !double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) || !double.IsFinite(number)
                )
                    throw Refuse(text, $"'{value}' is not a finite number");
                return new(key, new GgufValue(GgufValueType.Float64, 0, number, null));
            case "bool":
                if (value is not ("true" or "false"))
                    throw Refuse(text, $"'{value}' is neither true nor false");
                return new(key, new GgufValue(GgufValueType.Bool, value == "true" ? 1 : 0, 0, null));
            case "str":
                return new(key, new GgufValue(GgufValueType.String, 0, 0, value));
            default:
                throw Refuse(text, $"the type '{type}' is not one of int, float, bool, str");
        }
    }

    /// <summary>An override with a whole number.</summary>
    public static MetadataOverride Integer(string key, long value) => new(key, new GgufValue(GgufValueType.Int64, value, 0, null));

    private static InvalidInputException Refuse(string text, string why) => new($"The metadata override '{text}' cannot be used: {why}.");
}
