namespace Tapeout.Numerics.Kernels;

/// <content>Rows read back: an embedding table that is the output layer too is held once, as the product's weights.</content>
public sealed unsafe partial class InterleavedWeights
{
    /// <summary>Codes taken out at a time: a multiple of every unit.</summary>
    private const int RowChunk = 1024;

    /// <summary>A row de-quantised: the bits of <see cref="TensorCodec.DequantiseRow(in TensorLayout, ReadOnlySpan{byte}, int, Span{float})"/>.</summary>
    /// <param name="row">The row, from the first packed one.</param>
    /// <param name="values">All of K.</param>
    public void DequantiseRow(int row, Span<float> values)
    {
        if ((uint)row >= (uint)Rows)
            throw new ArgumentOutOfRangeException(nameof(row), row, $"There are {Rows} rows.");
        if (values.Length != Rule.Length)
            throw new ArgumentException($"A row has {Rule.Length} values, not {values.Length}.", nameof(values));
        byte* group = _codes + row / GroupRows * _groupBytes;
        int lane = row % GroupRows;
        fixed (float* target = values)
        {
            if (Rule.Weight.IsFloat)
                FloatRow(group, lane, target);
            else
                CodeRow(group, lane, row, target);
        }
    }

    private void FloatRow(byte* group, int lane, float* target)
    {
        if (_element == ElementType.F32)
        {
            for (nint k = 0; k < Rule.Length; k++)
                target[k] = ((float*)group)[k * GroupRows + lane];
            return;
        }
        ushort* halves = stackalloc ushort[RowChunk];
        for (int done = 0; done < Rule.Length; done += RowChunk)
        {
            int count = Math.Min(RowChunk, Rule.Length - done);
            for (nint k = 0; k < count; k++)
                halves[k] = ((ushort*)group)[(done + k) * GroupRows + lane];
            if (_element == ElementType.F16)
                TensorCodec.FromF16(halves, count, target + done);
            else
                TensorCodec.FromBF16(halves, count, target + done);
        }
    }

    private void CodeRow(byte* group, int lane, int row, float* target)
    {
        NumberFormat format = Rule.Weight;
        int bits = 32 / _unit;
        uint mask = bits == 8 ? 0xFFFFFFFF : 0x01010101u * ((1u << bits) - 1);
        byte* codes = stackalloc byte[RowChunk];
        int size = format.GroupSize == 0 ? int.MaxValue : format.GroupSize;
        nint parameters = (nint)(row / GroupRows) * _parameterGroups * GroupRows + lane;
        for (int done = 0; done < Rule.Length; done += RowChunk)
        {
            int count = Math.Min(RowChunk, Rule.Length - done);
            int units = (count + _unit - 1) / _unit;
            for (int unit = 0; unit < units; unit++)
            {
                uint word = ((uint*)group)[(done / _unit + unit) * GroupRows + lane];
                for (int quad = 0; quad < _unit / 4; quad++)
                    ((uint*)codes)[unit * (_unit / 4) + quad] = (word >> (quad * bits)) & mask;
            }
            for (int i = 0; i < count; i++)
                codes[i] = unchecked((byte)(codes[i] - _bias));
            for (int k = 0; k < count; )
            {
                int parameterGroup = (done + k) / size;
                int length = (int)Math.Min(count - k, (parameterGroup + 1L) * size - done - k);
                nint at = parameters + (nint)parameterGroup * GroupRows;
                float scale = TensorCodec.ReadFloat(_scaleType, _scales, at);
                if (_minima != null)
                    TensorCodec.Scale((sbyte*)codes + k, length, scale, TensorCodec.ReadFloat(_scaleType, _minima, at), target + done + k);
                else
                    TensorCodec.Scale((sbyte*)codes + k, length, _zeros != null ? _zeros[at] : 0, scale, target + done + k);
                k += length;
            }
        }
    }
}
