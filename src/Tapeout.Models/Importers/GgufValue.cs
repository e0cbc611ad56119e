using System.Globalization;

namespace Tapeout.Models.Importers;

/// <summary>
/// One metadata value. Scalars and strings are held; of an array only where it lies, so that opening a file allocates nothing for
/// vocabularies nobody reads.
/// </summary>
public sealed class GgufValue
{
    internal GgufValue(GgufValueType type, long integer, double number, string? text)
    {
        Type = type;
        Integer = integer;
        Number = number;
        Text = text;
    }

    internal GgufValue(GgufValueType elementType, long count, long offset)
    {
        Type = GgufValueType.Array;
        ElementType = elementType;
        Count = count;
        Offset = offset;
    }

    /// <summary>The type.</summary>
    public GgufValueType Type { get; }

    /// <summary>The type of the elements of an array.</summary>
    public GgufValueType ElementType { get; }

    /// <summary>The number of elements of an array.</summary>
    public long Count { get; }

    /// <summary>True for whole numbers of any width.</summary>
    public bool IsInteger => IsIntegerType(Type);

    /// <summary>True for binary32 and binary64.</summary>
    public bool IsFloat => Type is GgufValueType.Float32 or GgufValueType.Float64;

    /// <summary>Whole numbers and booleans; 64-bit unsigned values above 2⁶³ − 1 are held as negative numbers.</summary>
    internal long Integer { get; }

    internal double Number { get; }

    internal string? Text { get; }

    /// <summary>Where the elements of an array start in the file.</summary>
    internal long Offset { get; }

    internal static bool IsIntegerType(GgufValueType type) =>
        type
            is GgufValueType.UInt8
                or GgufValueType.Int8
                or GgufValueType.UInt16
                or GgufValueType.Int16
                or GgufValueType.UInt32
                or GgufValueType.Int32
                or GgufValueType.UInt64
                or GgufValueType.Int64;

    /// <summary>The value as text; of arrays the element type and count.</summary>
    public override string ToString() =>
        Type switch
        {
            GgufValueType.String => Text!,
            GgufValueType.Bool => Integer != 0 ? "true" : "false",
            GgufValueType.Float32 => ((float)Number).ToString(CultureInfo.InvariantCulture),
            GgufValueType.Float64 => Number.ToString(CultureInfo.InvariantCulture),
            GgufValueType.Array => $"[{Count} × {ElementType}]",
            GgufValueType.UInt64 => unchecked((ulong)Integer).ToString(CultureInfo.InvariantCulture),
            _ => Integer.ToString(CultureInfo.InvariantCulture),
        };
}
