using System.Buffers.Binary;
using System.Text;
using Tapeout.Quantities;

namespace Tapeout.Models.Importers;

/// <summary>Reads a GGUF header front to back. Every read is checked against the bytes that are left, before anything is allocated.</summary>
internal sealed class GgufCursor(ByteSource source)
{
    // A file that nests arrays deeper than any writer does would only exhaust the stack.
    private const int DeepestArray = 4;
    private const int LongestKey = 65535;

    /// <summary>The offset of the next byte.</summary>
    public long Position { get; private set; }

    /// <summary>The bytes that are left.</summary>
    public long Left => source.Length - Position;

    /// <summary>Bytes of a scalar of <paramref name="type"/>; 0 for strings and arrays.</summary>
    public static int SizeOf(GgufValueType type) =>
        type switch
        {
            GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
            GgufValueType.UInt16 or GgufValueType.Int16 => 2,
            GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
            GgufValueType.UInt64 or GgufValueType.Int64 or GgufValueType.Float64 => 8,
            _ => 0,
        };

    /// <summary>The whole number in <paramref name="bytes"/>.</summary>
    public static long ReadInteger(GgufValueType type, ReadOnlySpan<byte> bytes) =>
        type switch
        {
            GgufValueType.UInt8 or GgufValueType.Bool => bytes[0],
            GgufValueType.Int8 => unchecked((sbyte)bytes[0]),
            GgufValueType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            GgufValueType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
            GgufValueType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            GgufValueType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            _ => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        };

    /// <summary>The next <paramref name="count"/> bytes; <paramref name="what"/> names them in the refusal.</summary>
    public ReadOnlySpan<byte> Take(int count, string what)
    {
        if (count > Left)
        {
            throw new InvalidInputException(
                $"{source.Name} ends inside {what}: {count} bytes are needed at offset {Position} and {Left} are left; the file is cut short "
                    + "or damaged, fetch it again."
            );
        }
        ReadOnlySpan<byte> bytes = source.Slice(Position, count);
        Position += count;
        return bytes;
    }

    /// <summary>The next 32 bits.</summary>
    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    /// <summary>The next 64 bits.</summary>
    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>A count whose items take at least <paramref name="smallest"/> bytes each: refused if they cannot fit in what is left.</summary>
    public long Count(int smallest, string what)
    {
        ulong count = UInt64(what);
        if (count > (ulong)(Left / smallest))
        {
            throw new InvalidInputException(
                $"{source.Name}: {what} is {count}, but the {Left} bytes after offset {Position} hold at most {Left / smallest}; the file is "
                    + "cut short or damaged, fetch it again."
            );
        }
        return (long)count;
    }

    /// <summary>A length-prefixed string of at most <paramref name="longest"/> bytes.</summary>
    public string Text(int longest, string what)
    {
        int length = TextLength(longest, what);
        return Encoding.UTF8.GetString(Take(length, what));
    }

    /// <summary>A metadata key: 1 to 65,535 bytes.</summary>
    public string Key(long index)
    {
        string key = Text(LongestKey, $"the name of metadata pair {index}");
        return key.Length > 0 ? key : throw new InvalidInputException($"{source.Name}: metadata pair {index} has an empty name.");
    }

    /// <summary>A value with its type in front.</summary>
    public GgufValue Value(string key)
    {
        string shown = Printable.Quote(key);
        GgufValueType type = Type($"the type of {shown}");
        switch (type)
        {
            case GgufValueType.String:
                return new(type, 0, 0, Text(int.MaxValue, $"the string {shown}"));
            case GgufValueType.Array:
                GgufValueType element = Type($"the element type of {shown}");
                long count = ArrayCount(element, shown);
                GgufValue array = new(element, count, Position);
                Skip(element, count, shown, 1);
                return array;
            case GgufValueType.Float32:
                return new(type, 0, BinaryPrimitives.ReadSingleLittleEndian(Take(4, shown)), null);
            case GgufValueType.Float64:
                return new(type, 0, BinaryPrimitives.ReadDoubleLittleEndian(Take(8, shown)), null);
            case GgufValueType.Bool:
                byte flag = Take(1, shown)[0];
                return flag <= 1
                    ? new(type, flag, 0, null)
                    : throw new InvalidInputException($"{source.Name}: the boolean {shown} is {flag}; it must be 0 or 1.");
            default:
                return new(type, ReadInteger(type, Take(SizeOf(type), shown)), 0, null);
        }
    }

    private GgufValueType Type(string what)
    {
        uint type = UInt32(what);
        return type <= (uint)GgufValueType.Float64
            ? (GgufValueType)type
            : throw new InvalidInputException($"{source.Name}: {what} is {type}; GGUF knows 0 to 12.");
    }

    private long ArrayCount(GgufValueType element, string shown)
    {
        int smallest = element switch
        {
            GgufValueType.String => 8,
            GgufValueType.Array => 12,
            _ => SizeOf(element),
        };
        long count = Count(smallest, $"the number of elements of {shown}");
        return count <= Array.MaxLength
            ? count
            : throw new InvalidInputException($"{source.Name}: {shown} has {count} elements; at most {Array.MaxLength} are supported.");
    }

    private void Skip(GgufValueType element, long count, string shown, int depth)
    {
        if (element == GgufValueType.String)
        {
            string what = $"an element of {shown}";
            for (long i = 0; i < count; i++)
            {
                // The length is read first: it moves the position itself.
                int length = TextLength(int.MaxValue, what);
                Position += length;
            }
        }
        else if (element == GgufValueType.Array)
        {
            if (depth >= DeepestArray)
                throw new InvalidInputException($"{source.Name}: {shown} nests arrays more than {DeepestArray} deep.");
            string what = $"an element type of {shown}";
            for (long i = 0; i < count; i++)
            {
                GgufValueType inner = Type(what);
                Skip(inner, ArrayCount(inner, shown), shown, depth + 1);
            }
        }
        else
        {
            Position += count * SizeOf(element);
        }
    }

    private int TextLength(int longest, string what)
    {
        ulong length = UInt64(what);
        if (length > (ulong)Left)
        {
            throw new InvalidInputException(
                $"{source.Name}: {what} claims {length} bytes at offset {Position}, and {Left} are left; the file is cut short or damaged, "
                    + "fetch it again."
            );
        }
        return length <= (ulong)longest
            ? (int)length
            : throw new InvalidInputException($"{source.Name}: {what} is {length} bytes long; at most {longest} are allowed.");
    }
}
