namespace Tapeout.Numerics;

/// <content>Packing of parts of rows, as activations are that are spread over tiles and chips.</content>
public static partial class TensorCodec
{
    /// <summary>True for formats whose rows <see cref="QuantisePart"/> packs in parts: those of activations.</summary>
    public static bool HasParts(NumberFormat format) =>
        format.IsFloat
        || (format.Element == ElementType.I8 && format.Offset == OffsetKind.None && format.Granularity != ScaleGranularity.Tensor);

    /// <summary>
    /// Packs columns from <paramref name="columnFirst"/> on of one row, with the bits of <see cref="QuantiseRow(in TensorLayout, ReadOnlySpan{float}, Span{byte}, int)"/>
    /// of a row that is these columns alone. A scale for the whole row is that of these columns and of <paramref name="maximum"/>.
    /// </summary>
    /// <param name="layout">The layout of the whole tensor, of a format that <see cref="HasParts"/>.</param>
    /// <param name="values">The columns.</param>
    /// <param name="packed">The packed tensor.</param>
    /// <param name="row">The row.</param>
    /// <param name="columnFirst">The first column, on a group of the format.</param>
    /// <param name="maximum">A value more that the scale is measured over; null for none. For a scale per row only.</param>
    /// <exception cref="NonFiniteValueException">A quantised format and a value that is not finite.</exception>
    public static void QuantisePart(
        in TensorLayout layout,
        ReadOnlySpan<float> values,
        Span<byte> packed,
        int row,
        int columnFirst,
        float? maximum = null
    )
    {
        NumberFormat format = layout.Format;
        CheckRow(layout, packed.Length, row, columnFirst, values.Length);
        if (!HasParts(format))
            throw new ArgumentException($"Rows of {format} are packed as a whole.", nameof(layout));
        if (format.IsFloat)
        {
            int bytes = format.ElementBits / 8;
            EncodeFloats(format.Element, values, packed.Slice(row * layout.RowBytes + columnFirst * bytes, values.Length * bytes));
            return;
        }
        Span<sbyte> codes = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, sbyte>(
            packed.Slice(row * layout.RowBytes + columnFirst, values.Length)
        );
        int size = format.Granularity == ScaleGranularity.Row ? Math.Max(1, values.Length) : format.GroupSize;
        int groupFirst = format.Granularity == ScaleGranularity.Row ? 0 : columnFirst / size;
        for (int start = 0; start < values.Length; start += size)
        {
            ReadOnlySpan<float> part = values.Slice(start, Math.Min(size, values.Length - start));
            GroupParameters parameters = maximum is { } further
                ? GroupParameters.MeasureBeside(format, part, further)
                : GroupParameters.Measure(format, part, start);
            parameters.Write(layout, packed, row, groupFirst + start / size);
            parameters.Encode(format, part, codes[start..]);
        }
    }
}
