using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Tapeout.Quantities;

namespace Tapeout.Isa;

/// <summary>Reads the words of a tape; every step is held against the bytes that are left.</summary>
internal sealed class TapeReader(ReadOnlyMemory<byte> bytes, string name)
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, true);
    private int position;

    public InvalidInputException Problem(string what) =>
        new($"'{name}' is not a valid tape: at byte {position} {what}; compile the model again.");

    public void Skip(int count) => Take(count);

    public int Int() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public long Long() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    public T Enumeration<T>()
        where T : struct, Enum
    {
        int value = Int();
        T result = (T)Enum.ToObject(typeof(T), value);
        return value is >= 0 and <= 255 && Enum.IsDefined(result) ? result : throw Problem($"{value} is not a {typeof(T).Name}");
    }

    public string Text()
    {
        int length = Int();
        try
        {
            return StrictUtf8.GetString(Take(length));
        }
        catch (DecoderFallbackException)
        {
            throw Problem("a text is not UTF-8");
        }
    }

    /// <summary>A list whose items take at least <paramref name="leastBytes"/> each.</summary>
    public ImmutableArray<T> List<T>(int leastBytes, Func<TapeReader, T> read)
    {
        int count = Int();
        if (count < 0 || (long)count * leastBytes > bytes.Length - position)
            throw Problem($"a list of {count} items does not fit the file");
        ImmutableArray<T>.Builder items = ImmutableArray.CreateBuilder<T>(count);
        for (int i = 0; i < count; i++)
            items.Add(read(this));
        return items.MoveToImmutable();
    }

    public void ExpectEnd()
    {
        if (position != bytes.Length)
            throw Problem($"{bytes.Length - position} bytes are left over");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > bytes.Length - position)
            throw Problem($"{count} bytes are expected but {bytes.Length - position} are left");
        ReadOnlySpan<byte> taken = bytes.Span.Slice(position, count);
        position += count;
        return taken;
    }
}
