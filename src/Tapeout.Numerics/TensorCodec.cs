using System.Buffers;
using System.Runtime.InteropServices;

namespace Tapeout.Numerics;

/// <summary>
/// Packs float32 tensors into a <see cref="NumberFormat"/> and unpacks them, in the planes of <see cref="TensorLayout"/>. The scalar,
/// living definition of every quantiser: one operation of IEEE binary32 after another, division true, rounding half to even.
/// <list type="bullet">
/// <item>f32, f16, bf16: nearest even; NaN and infinities pass.</item>
/// <item>int8, symmetric round to nearest: s = max|x| / 127, q = clamp(rne(x / s), −127, 127), value q · s.</item>
/// <item>int4, symmetric round to nearest: s = max|x| / 7, q = clamp(rne(x / s), −8, 7), value q · s.</item>
/// <item>int4 with integer zero point (asymmetric): a = min(min x, 0), b = max(max x, 0), s = (b − a) / 15, z = clamp(rne(−a / s), 0, 15),
/// q = clamp(rne(x / s) + z, 0, 15), value (q − z) · s.</item>
/// <item>int4 with float minimum (asymmetric, as GGUF Q4_1): a = min x, s = (max x − a) / 15, q = clamp(rne((x − a) / s), 0, 15),
/// value fl(fl(q · s) + a).</item>
/// <item>ternary, absmean: s = f32(mean |x|), the mean in binary64 in index order, q = clamp(rne(x / s), −1, 1), value q · s.</item>
/// <item>binary, absmean: s as ternary, q = +1 where x ≥ 0 (also −0), else −1, value q · s.</item>
/// </list>
/// The scale (and minimum) is rounded to the format's scale type before codes are chosen: codes use what the chip multiplies by. A scale that is zero
/// after rounding is replaced by 1; one beyond the scale type's range is limited to its largest finite value; where the largest code n times s exceeds
/// binary32 (n = 127, 7, 15, 1), s is the scale type's value nearest to the largest binary32 / (n + 1), and values beyond are clipped.
/// A NaN or infinity given to a quantiser throws <see cref="NonFiniteValueException"/>.
/// </summary>
public static partial class TensorCodec
{
    /// <summary>Packs <paramref name="rows"/> × <paramref name="columns"/> values, row by row.</summary>
    /// <param name="format">A valid float or quantised format (not I32).</param>
    /// <param name="values">rows · columns values.</param>
    /// <param name="rows">Rows: output channels, tokens, or (token, head) pairs of a KV cache.</param>
    /// <param name="columns">Columns: the axis that is summed over.</param>
    /// <param name="destination">At least <see cref="TensorLayout.Bytes"/> bytes; the padding between planes is zeroed.</param>
    /// <exception cref="NonFiniteValueException">A quantised format and a value that is not finite.</exception>
    /// <exception cref="ArgumentException">The format is not valid, or a span is too short.</exception>
    public static void Quantise(NumberFormat format, ReadOnlySpan<float> values, int rows, int columns, Span<byte> destination)
    {
        TensorLayout layout = LayoutOf(format, rows, columns, destination.Length);
        if (values.Length < (long)rows * columns)
            throw new ArgumentException($"{rows} × {columns} values are needed, {values.Length} were given.", nameof(values));
        values = values[..(rows * columns)];
        destination = destination[..(int)layout.Bytes];
        if (format.IsFloat)
        {
            for (int row = 0; row < rows; row++)
                EncodeFloats(
                    format.Element,
                    values.Slice(row * columns, columns),
                    destination.Slice(row * layout.RowBytes, layout.RowBytes)
                );
            destination[(rows * layout.RowBytes)..].Clear();
            return;
        }
        destination.Clear();
        GroupParameters whole = default;
        if (format.Granularity == ScaleGranularity.Tensor)
        {
            whole = GroupParameters.Measure(format, values, 0);
            whole.Write(layout, destination, 0, 0);
        }
        for (int row = 0; row < rows; row++)
            QuantiseRow(layout, values.Slice(row * columns, columns), (long)row * columns, whole, destination, row);
    }

    /// <summary>
    /// Packs one row into its place in a packed tensor, as a KV cache is appended to. The bits are those of <see cref="Quantise"/>.
    /// </summary>
    /// <param name="layout">The layout of the whole tensor; its scales must not be per tensor.</param>
    /// <param name="values">The columns of the row.</param>
    /// <param name="packed">The packed tensor.</param>
    /// <param name="row">The row to write.</param>
    /// <exception cref="NonFiniteValueException">A quantised format and a value that is not finite.</exception>
    /// <exception cref="ArgumentException">The layout has one scale for the tensor, or a span is too short.</exception>
    public static void QuantiseRow(in TensorLayout layout, ReadOnlySpan<float> values, Span<byte> packed, int row)
    {
        CheckRow(layout, packed.Length, row, 0, layout.Columns);
        if (values.Length < layout.Columns)
            throw new ArgumentException($"A row of {layout.Columns} values is needed, {values.Length} were given.", nameof(values));
        if (layout.Format.Granularity == ScaleGranularity.Tensor)
            throw new ArgumentException("A tensor with one scale is quantised as a whole.", nameof(layout));
        values = values[..layout.Columns];
        if (layout.Format.IsFloat)
            EncodeFloats(layout.Format.Element, values, packed.Slice(row * layout.RowBytes, layout.RowBytes));
        else
            QuantiseRow(layout, values, 0, default, packed, row);
    }

    /// <summary>Unpacks a tensor into float32, row by row.</summary>
    /// <param name="format">The format of <paramref name="packed"/>.</param>
    /// <param name="packed">At least <see cref="TensorLayout.Bytes"/> bytes.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="destination">At least rows · columns values.</param>
    public static void Dequantise(NumberFormat format, ReadOnlySpan<byte> packed, int rows, int columns, Span<float> destination)
    {
        TensorLayout layout = LayoutOf(format, rows, columns, packed.Length);
        for (int row = 0; row < rows; row++)
            DequantiseRow(layout, packed, row, destination.Slice(checked(row * columns), columns));
    }

    /// <summary>Unpacks one row of a packed tensor into <paramref name="destination"/> (the layout's columns).</summary>
    public static void DequantiseRow(in TensorLayout layout, ReadOnlySpan<byte> packed, int row, Span<float> destination) =>
        DequantiseRow(layout, packed, row, 0, destination[..layout.Columns]);

    /// <summary>
    /// Unpacks the columns from <paramref name="columnFirst"/> of one row, as many as <paramref name="destination"/> holds.
    /// </summary>
    public static unsafe void DequantiseRow(
        in TensorLayout layout,
        ReadOnlySpan<byte> packed,
        int row,
        int columnFirst,
        Span<float> destination
    )
    {
        CheckRow(layout, packed.Length, row, columnFirst, destination.Length);
        fixed (byte* bytes = packed)
        fixed (float* values = destination)
            DequantiseSegment(layout, bytes, row, columnFirst, destination.Length, values);
    }

    private static void QuantiseRow(
        in TensorLayout layout,
        ReadOnlySpan<float> values,
        long index,
        in GroupParameters whole,
        Span<byte> packed,
        int row
    )
    {
        int columns = layout.Columns;
        sbyte[]? rented = columns > 1024 ? ArrayPool<sbyte>.Shared.Rent(columns) : null;
        Span<sbyte> codes = rented is null ? stackalloc sbyte[1024] : rented;
        if (layout.Format.Granularity == ScaleGranularity.Tensor)
        {
            whole.Encode(layout.Format, values, codes);
        }
        else
        {
            int size = layout.Format.Granularity == ScaleGranularity.Row ? columns : layout.Format.GroupSize;
            for (int group = 0; group < layout.Groups; group++)
            {
                int start = group * size;
                ReadOnlySpan<float> part = values.Slice(start, Math.Min(size, columns - start));
                GroupParameters parameters = GroupParameters.Measure(layout.Format, part, index + start);
                parameters.Write(layout, packed, row, group);
                parameters.Encode(layout.Format, part, codes[start..]);
            }
        }
        PackCodes(layout, codes[..columns], packed, row);
        if (rented is not null)
            ArrayPool<sbyte>.Shared.Return(rented);
    }

    private static void EncodeFloats(ElementType element, ReadOnlySpan<float> values, Span<byte> destination)
    {
        switch (element)
        {
            case ElementType.F32:
                MemoryMarshal.AsBytes(values).CopyTo(destination);
                break;
            case ElementType.F16:
                Span<ushort> halves = MemoryMarshal.Cast<byte, ushort>(destination);
                FloatConversion.ToF16(values, halves);
                break;
            default:
                Span<ushort> brains = MemoryMarshal.Cast<byte, ushort>(destination);
                for (int i = 0; i < values.Length; i++)
                    brains[i] = FloatConversion.ToBF16(values[i]);
                break;
        }
    }

    private static TensorLayout LayoutOf(NumberFormat format, int rows, int columns, int bytes)
    {
        if (!format.IsValid || !(format.IsFloat || format.IsQuantised))
            throw new ArgumentException($"{format} is not a format of values.", nameof(format));
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(columns);
        TensorLayout layout = new(format, rows, columns);
        if (bytes < layout.Bytes)
            throw new ArgumentException($"{rows} × {columns} of {format} take {layout.Bytes} bytes, {bytes} were given.", nameof(bytes));
        return layout;
    }

    private static void CheckRow(in TensorLayout layout, int bytes, int row, int columnFirst, int count)
    {
        if (bytes < layout.Bytes)
            throw new ArgumentException($"The packed tensor takes {layout.Bytes} bytes, {bytes} were given.", nameof(bytes));
        if ((uint)row >= (uint)layout.Rows)
            throw new ArgumentOutOfRangeException(nameof(row), row, $"The tensor has {layout.Rows} rows.");
        if (columnFirst < 0 || count < 0 || columnFirst + (long)count > layout.Columns)
            throw new ArgumentOutOfRangeException(nameof(columnFirst), columnFirst, $"The tensor has {layout.Columns} columns.");
    }
}
