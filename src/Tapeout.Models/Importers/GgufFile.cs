using System.Buffers.Binary;
using Tapeout.Models.Importers.GgufBlocks;
using Tapeout.Quantities;

namespace Tapeout.Models.Importers;

/// <summary>
/// An opened GGUF file, version 2 or 3, little-endian: metadata and the directory of tensors. The file is untrusted: every length, count
/// and offset is checked against its size before anything is allocated. The format: ggml's docs/gguf.md.
/// </summary>
public sealed class GgufFile : IDisposable
{
    private const uint Magic = 0x46554747;
    private const int SmallestPair = 8 + 1 + 4 + 1;
    private const int SmallestTensor = 8 + 1 + 4 + 8 + 4 + 8;
    private const int LongestTensorName = 64;

    private readonly ByteSource _source;

    private GgufFile(ByteSource source, uint version, GgufMetadata metadata, IReadOnlyList<GgufTensor> tensors)
    {
        _source = source;
        Version = version;
        Metadata = metadata;
        Tensors = tensors;
    }

    /// <summary>The path or name, for messages.</summary>
    public string Name => _source.Name;

    /// <summary>The version of the file format: 2 or 3.</summary>
    public uint Version { get; }

    /// <summary>The bytes of the file.</summary>
    public long Length => _source.Length;

    /// <summary>The metadata, overrides applied.</summary>
    public GgufMetadata Metadata { get; }

    /// <summary>The tensors in the order of the file.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    internal ByteSource Source => _source;

    /// <summary>Maps and reads <paramref name="path"/>; a file that cannot be used is refused with a sentence.</summary>
    public static GgufFile Open(string path, IReadOnlyList<MetadataOverride>? overrides = null)
    {
        MappedByteSource source = MappedByteSource.Open(path);
        try
        {
            return Read(source, overrides ?? []);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>Reads a file that is in memory; <paramref name="name"/> stands for its path in messages.</summary>
    public static GgufFile Read(string name, byte[] bytes, IReadOnlyList<MetadataOverride>? overrides = null) =>
        Read(new ArrayByteSource(name, bytes), overrides ?? []);

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    internal static GgufFile Read(ByteSource source, IReadOnlyList<MetadataOverride> overrides)
    {
        GgufCursor cursor = new(source);
        uint version = ReadVersion(source, cursor);
        long tensorCount = cursor.Count(SmallestTensor, "the number of tensors");
        long pairCount = cursor.Count(SmallestPair, "the number of metadata pairs");

        Dictionary<string, GgufValue> values = [];
        for (long i = 0; i < pairCount; i++)
        {
            string key = cursor.Key(i);
            if (!values.TryAdd(key, cursor.Value(key)))
                throw new InvalidInputException(
                    $"{source.Name} has the metadata key {Printable.Quote(key)} twice; convert the model again."
                );
        }
        foreach (MetadataOverride change in overrides)
            values[change.Key] = change.Value;
        GgufMetadata metadata = new(source, values);

        int alignment = metadata.OptionalInteger("general.alignment", 1, 1 << 30) ?? 32;
        if (!int.IsPow2(alignment))
            throw new InvalidInputException($"{source.Name}: 'general.alignment' is {alignment}; it must be a power of two.");

        List<TensorEntry> entries = [];
        HashSet<string> names = [];
        for (long i = 0; i < tensorCount; i++)
        {
            TensorEntry entry = ReadTensorEntry(source, cursor, i, alignment);
            if (!names.Add(entry.Name))
                throw new InvalidInputException(
                    $"{source.Name} has the tensor {Printable.Quote(entry.Name)} twice; convert the model again."
                );
            entries.Add(entry);
        }
        return new(source, version, metadata, PlaceTensors(source, entries, Align(cursor.Position, alignment)));
    }

    private static uint ReadVersion(ByteSource source, GgufCursor cursor)
    {
        uint magic = source.Length < 4 ? 0 : cursor.UInt32("the first four bytes");
        if (magic != Magic)
        {
            throw new InvalidInputException(
                $"{source.Name} is not a GGUF file: it does not start with 'GGUF'; other formats must be converted to GGUF first."
            );
        }
        uint version = cursor.UInt32("the version");
        if (version is 2 or 3)
            return version;
        uint swapped = BinaryPrimitives.ReverseEndianness(version);
        throw new InvalidInputException(
            swapped is >= 1 and <= 3
                ? $"{source.Name} is a big-endian GGUF file; only little-endian files are supported, convert the model again without --bigendian."
                : $"{source.Name} is GGUF version {version}; versions 2 and 3 are supported, convert the model again with a current converter."
        );
    }

    private static TensorEntry ReadTensorEntry(ByteSource source, GgufCursor cursor, long index, int alignment)
    {
        string name = cursor.Text(LongestTensorName, $"the name of tensor {index}");
        if (name.Length == 0)
            throw new InvalidInputException($"{source.Name}: tensor {index} has an empty name.");
        string shown = Printable.Quote(name);
        string where = $"the directory entry of {shown}";
        uint rank = cursor.UInt32(where);
        if (rank is 0 or > 4)
            throw new InvalidInputException($"{source.Name}: {shown} has {rank} dimensions; 1 to 4 are allowed.");
        Span<int> sizes = [1, 1, 1, 1];
        for (int d = 0; d < rank; d++)
        {
            ulong size = cursor.UInt64(where);
            if (size is 0 or > int.MaxValue)
                throw new InvalidInputException($"{source.Name}: dimension {d} of {shown} is {size}; 1 to {int.MaxValue} are allowed.");
            sizes[d] = (int)size;
        }
        if (sizes[3] != 1)
            throw new InvalidInputException($"{source.Name}: {shown} has a fourth dimension of {sizes[3]}; at most three are supported.");
        uint type = cursor.UInt32(where);
        BlockFormat format =
            BlockFormatList.Find(type)
            ?? throw new InvalidInputException(
                $"{source.Name}: {shown} has type {type}, which is not read; read are {BlockFormatList.Names}. Quantise the model to one of these."
            );
        if (sizes[0] % format.Elements != 0)
        {
            throw new InvalidInputException(
                $"{source.Name}: rows of {shown} have {sizes[0]} elements, which is not a multiple of the {format.Elements} of a {format.Name} block."
            );
        }
        ulong offset = cursor.UInt64(where);
        if (offset % (ulong)alignment != 0)
            throw new InvalidInputException(
                $"{source.Name}: {shown} starts at {offset}, which is not a multiple of the alignment {alignment}."
            );
        return new(name, sizes[0], sizes[1], sizes[2], format, offset);
    }

    private static GgufTensor[] PlaceTensors(ByteSource source, List<TensorEntry> entries, long dataStart)
    {
        GgufTensor[] tensors = new GgufTensor[entries.Count];
        for (int i = 0; i < tensors.Length; i++)
        {
            TensorEntry entry = entries[i];
            // Three dimensions below 2³¹ each and at most 4 bytes an element: 95 bits.
            UInt128 bytes =
                (UInt128)(uint)(entry.Columns / entry.Format.Elements) * (uint)entry.Rows * (uint)entry.Count * (uint)entry.Format.Bytes;
            if ((UInt128)dataStart + (UInt128)entry.Offset + bytes > (UInt128)source.Length)
            {
                throw new InvalidInputException(
                    $"{source.Name}: {Printable.Quote(entry.Name)} needs {bytes} bytes from {(UInt128)dataStart + (UInt128)entry.Offset}, but the file has "
                        + $"only {source.Length}; it is cut short or damaged, fetch it again."
                );
            }
            tensors[i] = new(entry.Name, entry.Columns, entry.Rows, entry.Count, dataStart + (long)entry.Offset, (long)bytes)
            {
                Format = entry.Format,
            };
        }
        RefuseOverlaps(source, tensors);
        return tensors;
    }

    private static void RefuseOverlaps(ByteSource source, GgufTensor[] tensors)
    {
        GgufTensor[] ordered = [.. tensors.OrderBy(t => t.Offset)];
        for (int i = 1; i < ordered.Length; i++)
        {
            if (ordered[i].Offset < ordered[i - 1].Offset + ordered[i - 1].Bytes)
            {
                throw new InvalidInputException(
                    $"{source.Name}: {Printable.Quote(ordered[i].Name)} overlaps {Printable.Quote(ordered[i - 1].Name)}; convert the model again."
                );
            }
        }
    }

    private static long Align(long offset, int alignment) => (offset + alignment - 1) & -(long)alignment;

    private readonly record struct TensorEntry(string Name, int Columns, int Rows, int Count, BlockFormat Format, ulong Offset);
}
