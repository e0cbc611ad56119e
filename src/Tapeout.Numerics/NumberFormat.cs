using System.Globalization;

namespace Tapeout.Numerics;

/// <summary>
/// How the elements of a tensor are stored: the element, how many elements share a scale, and the offset. A tensor of R rows and C
/// columns (C is the axis that is summed over) is stored as planes, see <see cref="TensorLayout"/>.
/// </summary>
/// <param name="Element">The stored element.</param>
/// <param name="Granularity">How many elements share a scale.</param>
/// <param name="GroupSize">Elements of a group; 0 unless <paramref name="Granularity"/> is <see cref="ScaleGranularity.Group"/>.</param>
/// <param name="Offset">Zero point or minimum.</param>
/// <param name="ScaleType">The type of scales and minima: F32, F16 or BF16; None without a scale.</param>
public readonly record struct NumberFormat(
    ElementType Element,
    ScaleGranularity Granularity = ScaleGranularity.None,
    int GroupSize = 0,
    OffsetKind Offset = OffsetKind.None,
    ElementType ScaleType = ElementType.None
)
{
    /// <summary>IEEE 754 binary32.</summary>
    public static NumberFormat F32 { get; } = new(ElementType.F32);

    /// <summary>IEEE 754 binary16.</summary>
    public static NumberFormat F16 { get; } = new(ElementType.F16);

    /// <summary>bfloat16.</summary>
    public static NumberFormat BF16 { get; } = new(ElementType.BF16);

    /// <summary>32-bit integers: accumulators, identifiers, counts.</summary>
    public static NumberFormat I32 { get; } = new(ElementType.I32);

    /// <summary>Symmetric int8, one float32 scale per row.</summary>
    public static NumberFormat Int8Row { get; } = new(ElementType.I8, ScaleGranularity.Row, 0, OffsetKind.None, ElementType.F32);

    /// <summary>Symmetric int8 in groups of <paramref name="group"/>.</summary>
    public static NumberFormat Int8Group(int group, ElementType scale = ElementType.F32) =>
        new(ElementType.I8, ScaleGranularity.Group, group, OffsetKind.None, scale);

    /// <summary>int4 in groups of <paramref name="group"/>: symmetric (I4), or U4 with a zero point or a minimum.</summary>
    public static NumberFormat Int4Group(int group, OffsetKind offset = OffsetKind.None, ElementType scale = ElementType.F32) =>
        new(offset == OffsetKind.None ? ElementType.I4 : ElementType.U4, ScaleGranularity.Group, group, offset, scale);

    /// <summary>Bits of one code.</summary>
    public int ElementBits =>
        Element switch
        {
            ElementType.F32 or ElementType.I32 => 32,
            ElementType.F16 or ElementType.BF16 => 16,
            ElementType.I8 => 8,
            ElementType.I4 or ElementType.U4 => 4,
            ElementType.Ternary => 2,
            ElementType.Binary => 1,
            _ => 0,
        };

    /// <summary>True for formats whose codes are integers with a scale.</summary>
    public bool IsQuantised => Granularity != ScaleGranularity.None;

    /// <summary>True for f32, f16 and bf16.</summary>
    public bool IsFloat => Element is ElementType.F32 or ElementType.F16 or ElementType.BF16;

    /// <summary>The number of scales of a row of <paramref name="columns"/> elements; 0 for per-tensor scales and plain formats.</summary>
    public int GroupsPerRow(int columns) =>
        Granularity switch
        {
            ScaleGranularity.Row => 1,
            ScaleGranularity.Group => (columns + GroupSize - 1) / GroupSize,
            _ => 0,
        };

    /// <summary>Bits per weight including scales and offsets, for rows of <paramref name="columns"/> elements.</summary>
    public double BitsPerElement(int columns)
    {
        int scaleBits = new NumberFormat(ScaleType).ElementBits;
        int offsetBits = Offset switch
        {
            OffsetKind.ZeroPoint => 8,
            OffsetKind.Minimum => scaleBits,
            _ => 0,
        };
        return ElementBits + (double)GroupsPerRow(columns) * (scaleBits + offsetBits) / columns;
    }

    /// <summary>
    /// The format as 32 bits, as it stands in a tape: element in bits 0–7, granularity 8–11, offset 12–15, scale type 16–19,
    /// log2 of the group size 20–23 (0 without groups).
    /// </summary>
    public uint Code =>
        (uint)Element
        | (uint)Granularity << 8
        | (uint)Offset << 12
        | (uint)ScaleType << 16
        | (GroupSize == 0 ? 0u : (uint)int.Log2(GroupSize)) << 20;

    /// <summary>The inverse of <see cref="Code"/>; false if the bits name no valid format.</summary>
    public static bool TryFromCode(uint code, out NumberFormat format)
    {
        int log = (int)(code >> 20 & 0xf);
        format = new(
            (ElementType)(code & 0xff),
            (ScaleGranularity)(code >> 8 & 0xf),
            log == 0 ? 0 : 1 << log,
            (OffsetKind)(code >> 12 & 0xf),
            (ElementType)(code >> 16 & 0xf)
        );
        return code >> 24 == 0 && format.IsValid;
    }

    /// <summary>True if the parts fit each other.</summary>
    public bool IsValid
    {
        get
        {
            bool plain = Element is ElementType.F32 or ElementType.F16 or ElementType.BF16 or ElementType.I32;
            if (plain)
                return Granularity == ScaleGranularity.None && GroupSize == 0 && Offset == OffsetKind.None && ScaleType == ElementType.None;
            if (Element is not (ElementType.I8 or ElementType.I4 or ElementType.U4 or ElementType.Ternary or ElementType.Binary))
                return false;
            if (ScaleType is not (ElementType.F32 or ElementType.F16 or ElementType.BF16))
                return false;
            if (Offset > OffsetKind.Minimum || (Element == ElementType.U4) != (Offset != OffsetKind.None))
                return false;
            return Granularity switch
            {
                ScaleGranularity.Tensor or ScaleGranularity.Row => GroupSize == 0,
                ScaleGranularity.Group => GroupSize is >= 16 and <= 1024 && int.IsPow2(GroupSize),
                _ => false,
            };
        }
    }

    /// <summary>
    /// The name, as on the command line: <c>f32</c>, <c>int8-row</c>, <c>int4-g32</c>, <c>int4-g32-zero</c>, <c>int4-g32-min</c>,
    /// <c>ternary-tensor</c>, with <c>@f16</c> behind it where scales are not float32.
    /// </summary>
    public override string ToString()
    {
        string element = Element switch
        {
            ElementType.I8 => "int8",
            ElementType.I4 or ElementType.U4 => "int4",
            _ => Element.ToString().ToLowerInvariant(),
        };
        string granularity = Granularity switch
        {
            ScaleGranularity.Tensor => "-tensor",
            ScaleGranularity.Row => "-row",
            ScaleGranularity.Group => "-g" + GroupSize.ToString(CultureInfo.InvariantCulture),
            _ => "",
        };
        string offset = Offset switch
        {
            OffsetKind.ZeroPoint => "-zero",
            OffsetKind.Minimum => "-min",
            _ => "",
        };
        string scale = ScaleType is ElementType.F16 or ElementType.BF16 ? "@" + ScaleType.ToString().ToLowerInvariant() : "";
        return element + granularity + offset + scale;
    }

    /// <summary>The inverse of <see cref="ToString"/>; false for a name that is not a format.</summary>
    public static bool TryParse(string name, out NumberFormat format)
    {
        format = default;
        ElementType scale = ElementType.F32;
        int at = name.IndexOf('@', StringComparison.Ordinal);
        if (at >= 0)
        {
            if (!Enum.TryParse(name[(at + 1)..], true, out scale))
                return false;
            name = name[..at];
        }
        string[] parts = name.Split('-');
        OffsetKind offset = OffsetKind.None;
        if (parts.Length == 3)
        {
            offset = parts[2] switch
            {
                "zero" => OffsetKind.ZeroPoint,
                "min" => OffsetKind.Minimum,
                _ => (OffsetKind)255,
            };
        }
        ElementType element = parts[0] switch
        {
            "f32" => ElementType.F32,
            "f16" => ElementType.F16,
            "bf16" => ElementType.BF16,
            "i32" => ElementType.I32,
            "int8" => ElementType.I8,
            "int4" => offset == OffsetKind.None ? ElementType.I4 : ElementType.U4,
            "ternary" => ElementType.Ternary,
            "binary" => ElementType.Binary,
            _ => ElementType.None,
        };
        if (parts.Length == 1)
        {
            format = new(element);
        }
        else
        {
            int group = 0;
            ScaleGranularity granularity = parts[1] switch
            {
                "tensor" => ScaleGranularity.Tensor,
                "row" => ScaleGranularity.Row,
                ['g', .. var digits] when int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out group) =>
                    ScaleGranularity.Group,
                _ => ScaleGranularity.None,
            };
            format = new(element, granularity, group, offset, scale);
        }
        return parts.Length <= 3 && format.IsValid && (at < 0 || format.IsQuantised);
    }
}
