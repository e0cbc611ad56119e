using System.Globalization;
using System.Reflection;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>How one type of value that stands in a single text is read, printed and described in a schema.</summary>
/// <param name="Noun">What a person calls it.</param>
/// <param name="IsFigure">True if it is a number that needs a source.</param>
/// <param name="Pattern">A regular expression for editors; empty: any text.</param>
/// <param name="Choices">The texts allowed, if there are only some.</param>
/// <param name="Example">A text that is allowed.</param>
/// <param name="Read">The value, or null and a clause that says what is allowed.</param>
internal sealed record Leaf(
    string Noun,
    bool IsFigure,
    string Pattern,
    IReadOnlyList<string> Choices,
    string Example,
    Func<string, (object? Value, string Problem)> Read
)
{
    private static readonly Dictionary<Type, Leaf> Known = new()
    {
        [typeof(string)] = new("a text", false, "", [], "text", text => text.Length > 0 ? (text, "") : (null, "is empty: write a text")),
        [typeof(bool)] = new("yes or no", false, "", ["true", "false", "yes", "no"], "true", ReadBool),
        [typeof(int)] = new("a whole number", true, "^[0-9]+$", [], "16", ReadInt),
        [typeof(decimal)] = new("a number", true, "^[0-9]+(\\.[0-9]+)?%?$", [], "0.9", ReadRatio),
        [typeof(TileGrid)] = new(
            "a tile grid",
            true,
            "^[0-9]+ *x *[0-9]+$",
            [],
            "8x8",
            text => TileGrid.TryParse(text, out TileGrid v, out string p) ? (v, "") : (null, p)
        ),
        [typeof(BlockTile)] = new(
            "a thread-block tile",
            true,
            "^[0-9]+ *x *[0-9]+ *x *[0-9]+$",
            [],
            "128x128x64",
            text => BlockTile.TryParse(text, out BlockTile v, out string p) ? (v, "") : (null, p)
        ),
        [typeof(FormatPattern)] = new(
            "a number format",
            false,
            "",
            [],
            "int8-row",
            text => FormatPattern.TryParse(text, out FormatPattern v, out string p) ? (v, "") : (null, p)
        ),
        [typeof(Money)] = new(
            Money.Noun,
            true,
            "^[0-9]+(\\.[0-9]+)? [A-Z]{3} [0-9]{4}(-[0-9]{2}){0,2}$",
            [],
            Money.Example,
            text => Money.TryParse(text, out Money v, out string p) ? (v, "") : (null, p)
        ),
        [typeof(Measure)] = new(
            "a measure",
            true,
            "",
            [],
            "138.2MTr/mm2",
            text => Measure.TryParse(text, out Measure v, out string p) ? (v, "") : (null, p)
        ),
        [typeof(ElementType)] = new(
            "an element type",
            false,
            "",
            [.. ElementNames.Select(e => e.Name)],
            "int8",
            text =>
                ElementNames.FirstOrDefault(e => e.Name == text) is { Name: not null } found
                    ? (found.Element, "")
                    : (null, Unknown(text, "an element type", [.. ElementNames.Select(e => e.Name)]))
        ),
    };

    private static (string Name, ElementType Element)[] ElementNames =>
        [
            ("f32", ElementType.F32),
            ("f16", ElementType.F16),
            ("bf16", ElementType.BF16),
            ("int8", ElementType.I8),
            ("int4", ElementType.I4),
            ("ternary", ElementType.Ternary),
            ("binary", ElementType.Binary),
        ];

    /// <summary>The leaf for a type, or null if values of the type are sections.</summary>
    public static Leaf? For(Type type)
    {
        lock (Known)
        {
            if (Known.TryGetValue(type, out Leaf? leaf))
                return leaf;
            if (type.IsEnum)
                leaf = OfEnum(type);
            else if (
                type.IsValueType && type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IQuantity<>))
            )
                leaf = (Leaf)QuantityMethod.MakeGenericMethod(type).Invoke(null, null)!;
            else
                return null;
            Known[type] = leaf;
            return leaf;
        }
    }

    /// <summary>The text of a value, which reads back as the same value.</summary>
    public static string Print(object value) =>
        value switch
        {
            bool b => b ? "true" : "false",
            ElementType element => ElementNames.First(e => e.Element == element).Name,
            Enum member => KebabCase(member.ToString()),
            decimal ratio => (ratio / 1.0000000000000000000000000000m).ToString(CultureInfo.InvariantCulture),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };

    /// <summary>"VendorPublished" as "vendor-published".</summary>
    public static string KebabCase(string name) =>
        string.Concat(name.Select((c, i) => char.IsAsciiLetterUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));

    private static MethodInfo QuantityMethod { get; } =
        typeof(Leaf).GetMethod(nameof(OfQuantity), BindingFlags.NonPublic | BindingFlags.Static)!;

    private static Leaf OfQuantity<T>()
        where T : struct, IQuantity<T>
    {
        string units = string.Join('|', T.Units.Select(u => u.Replace("/", "\\/", StringComparison.Ordinal)));
        return new(
            T.Noun,
            true,
            $"^[0-9]+(\\.[0-9]+)? *({units})$",
            [],
            T.Example,
            text => T.TryParse(text, out T value, out string problem) ? (value, "") : (null, problem)
        );
    }

    private static Leaf OfEnum(Type type)
    {
        Dictionary<string, object> members = Enum.GetValues(type).Cast<object>().ToDictionary(m => KebabCase(m.ToString()!));
        string[] names = [.. members.Keys];
        return new(
            "a choice",
            false,
            "",
            names,
            names[0],
            text => members.TryGetValue(text, out object? member) ? (member, "") : (null, Unknown(text, null, names))
        );
    }

    private static string Unknown(string text, string? noun, string[] names) =>
        $"'{Dimensions.Shorten(text)}' is not {noun ?? "allowed"}{Sentence.DidYouMean(text, names)}: write {Sentence.Alternatives(names)}";

    private static (object?, string) ReadBool(string text) =>
        text switch
        {
            "true" or "yes" => (true, ""),
            "false" or "no" => (false, ""),
            _ => (null, $"'{Dimensions.Shorten(text)}' is neither true nor false: write one of them"),
        };

    private static (object?, string) ReadInt(string text) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value)
            ? (value, "")
            : (null, $"'{Dimensions.Shorten(text)}' is not a whole number up to {int.MaxValue}: write digits only, e.g. \"16\"");

    private static (object?, string) ReadRatio(string text)
    {
        bool percent = text.EndsWith('%');
        if (
            text.Length <= 24
            && decimal.TryParse(
                percent ? text[..^1] : text,
                NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out decimal value
            )
        )
        {
            return (percent ? value / 100 : value, "");
        }
        return (null, $"'{Dimensions.Shorten(text)}' is not a number: write e.g. \"0.9\" or \"90%\"");
    }
}
