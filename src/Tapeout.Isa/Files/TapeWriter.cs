using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Tapeout.Isa;

/// <summary>Writes the words of a tape.</summary>
internal sealed class TapeWriter
{
    private readonly ArrayBufferWriter<byte> buffer = new(1 << 16);

    public ReadOnlySpan<byte> Written => buffer.WrittenSpan;

    public void Raw(ReadOnlySpan<byte> bytes) => buffer.Write(bytes);

    public void Int(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(buffer.GetSpan(4), value);
        buffer.Advance(4);
    }

    public void Long(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(buffer.GetSpan(8), value);
        buffer.Advance(8);
    }

    public void Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        Int(bytes.Length);
        Raw(bytes);
    }

    public void List<T>(ImmutableArray<T> items, Action<TapeWriter, T> write)
    {
        Int(items.Length);
        foreach (T item in items)
            write(this, item);
    }
}
