using System.Collections;
using System.Globalization;
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
/// <param name="NewList">Makes an empty list of such values.</param>
/// <param name="NewMap">Makes an empty map from texts to such values.</param>
internal sealed record Leaf(
    string Noun,
    bool IsFigure,
    string Pattern,
    IReadOnlyList<string> Choices,
    string Example,
    Func<string, (object? Value, string Problem)> Read,
    Func<IList> NewList,
    Func<IDictionary> NewMap
)
{
    // Every type by name: a program compiled ahead of time has no code for a generic type it learns of only at run time.
    private static readonly Dictionary<Type, Leaf> Known = new()
    {
        [typeof(string)] = Of<string>(
            "a text",
            false,
            "",
            [],
            "text",
            text => text.Length > 0 ? (text, "") : (null, "is empty: write a text")
        ),
        [typeof(bool)] = Of<bool>("yes or no", false, "", ["true", "false", "yes", "no"], "true", ReadBool),
        [typeof(int)] = Of<int>("a whole number", true, "^[0-9]+$", [], "16", ReadInt),
        [typeof(decimal)] = Of<decimal>("a number", true, "^[0-9]+(\\.[0-9]+)?%?$", [], "0.9", ReadRatio),
        [typeof(TileGrid)] = Of<TileGrid>(
            "a tile grid",
            true,
            "^[0-9]+ *x *[0-9]+$",
            [],
            "8x8",
            text => TileGrid.TryParse(text, out TileGrid v, out string p) ? (v, "") : (null, p)
        ),
        [typeof(BlockTile)] = Of<BlockTile>(
            "a thread-block tile",
            true,
            "^[0-9]+ *x *[0-9]+ *x *[0-9]+$",
            [],
            "128x128x64",
            text => BlockTile.TryParse(text, out BlockTile v, out string p) ? (v, "") : (null, p)
        ),
        [typeof(FormatPattern)] = Of<FormatPattern>(
            "a number format",
            false,
            "",
            [],
            "int8-row",
            text => FormatPattern.TryParse(text, out FormatPattern v, out string p) ? (v, "") : (null, p)
        ),
        [typeof(Money)] = Of<Money>(
            Money.Noun,
            true,
            "^[0-9]+(\\.[0-9]+)? [A-Z]{3} [0-9]{4}(-[0-9]{2}){0,2}$",
            [],
            Money.Example,
            text => Money.TryParse(text, out Money v, out string p) ? (v, "") : (null, p)
        ),
        [typeof(Measure)] = Of<Measure>(
            "a measure",
            true,
            "",
            [],
            "138.2MTr/mm2",
            text => Measure.TryParse(text, out Measure v, out string p) ? (v, "") : (null, p)
        ),
        [typeof(ElementType)] = Of<ElementType>(
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
        [typeof(FusedOperation)] = Of<FusedOperation>(
            "an operation of a kernel",
            false,
            "",
            [.. Enum.GetNames<FusedOperation>().Select(KebabCase)],
            "norm",
            text =>
                Enum.TryParse(text, true, out FusedOperation operation) && KebabCase(operation.ToString()) == text
                    ? (operation, "")
                    : (null, Unknown(text, "an operation of a kernel", [.. Enum.GetNames<FusedOperation>().Select(KebabCase)]))
        ),
        [typeof(Area)] = OfQuantity<Area>(),
        [typeof(Bandwidth)] = OfQuantity<Bandwidth>(),
        [typeof(Bytes)] = OfQuantity<Bytes>(),
        [typeof(BytesPerCycle)] = OfQuantity<BytesPerCycle>(),
        [typeof(Cycles)] = OfQuantity<Cycles>(),
        [typeof(Duration)] = OfQuantity<Duration>(),
        [typeof(Energy)] = OfQuantity<Energy>(),
        [typeof(EnergyPerBit)] = OfQuantity<EnergyPerBit>(),
        [typeof(Frequency)] = OfQuantity<Frequency>(),
        [typeof(PerCycle)] = OfQuantity<PerCycle>(),
        [typeof(Power)] = OfQuantity<Power>(),
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

    private static Leaf Of<T>(
        string noun,
        bool isFigure,
        string pattern,
        IReadOnlyList<string> choices,
        string example,
        Func<string, (object? Value, string Problem)> read
    ) => new(noun, isFigure, pattern, choices, example, read, () => new List<T>(), () => new Dictionary<string, T>());

    private static Leaf OfQuantity<T>()
        where T : struct, IQuantity<T>
    {
        string units = string.Join('|', T.Units.Select(u => u.Replace("/", "\\/", StringComparison.Ordinal)));
        return Of<T>(
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
        Dictionary<string, object> members = Enum.GetNames(type).ToDictionary(KebabCase, name => Enum.Parse(type, name));
        string[] names = [.. members.Keys];
        return new(
            "a choice",
            false,
            "",
            names,
            names[0],
            text => members.TryGetValue(text, out object? member) ? (member, "") : (null, Unknown(text, null, names)),
            () => throw new NotSupportedException($"No list of {type.Name} is read from files: give it an entry of its own."),
            () => throw new NotSupportedException($"No map of {type.Name} is read from files: give it an entry of its own.")
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
