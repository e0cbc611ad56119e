using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tapeout.Numerics;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Machine.Fast;

/// <summary>
/// A file of packed weights: a table of entries (name, shape, place, length, SHA-256, whether all its numbers are finite) with a hash of its own, then the
/// entries, each from a multiple of 4,096 bytes on. Numbers are little-endian.
/// </summary>
internal sealed class WeightCacheFile : IDisposable
{
    private const int Alignment = 4096;
    private const int HashBytes = 32;

    /// <summary>A table is far smaller; more is damage.</summary>
    private const int MostTableBytes = 64 << 20;

    private readonly SafeFileHandle _handle;
    private readonly Dictionary<string, Entry> _entries;

    private WeightCacheFile(SafeFileHandle handle, Dictionary<string, Entry> entries)
    {
        _handle = handle;
        _entries = entries;
    }

    /// <summary>Numbers the form of the file.</summary>
    public static int Version => 1;

    private static ReadOnlySpan<byte> Magic => "TAPEOUTW"u8;

    /// <summary>Reads a file's table.</summary>
    /// <exception cref="InvalidDataException">It is not such a file, is shorter than its table says, or its table is damaged.</exception>
    public static WeightCacheFile Open(string path)
    {
        SafeFileHandle handle = File.OpenHandle(path, options: FileOptions.SequentialScan);
        try
        {
            return new(handle, ReadTable(handle));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Reads weights; null if the entry is not there, has another size, or is damaged. Several threads may read.</summary>
    public InterleavedWeights? Weights(string name, in ProductRule rule, int rows, KernelMemory memory)
    {
        if (!_entries.TryGetValue(name, out Entry entry))
            return null;
        InterleavedWeights weights = new(rule, rows, entry.IsFinite, memory);
        return weights.PlaneBytes == entry.Length && TryRead(entry, weights.Planes) ? weights : null;
    }

    /// <summary>Reads a tensor; null if the entry is not there, has another size, or is damaged.</summary>
    public PackedTensor? Tensor(string name, NumberFormat format)
    {
        if (
            !_entries.TryGetValue(name, out Entry entry)
            || entry is not { Rows: > 0, Columns: > 0 }
            || entry.Length != new TensorLayout(format, entry.Rows, entry.Columns).Bytes
        )
            return null;
        byte[] bytes = GC.AllocateUninitializedArray<byte>(checked((int)entry.Length));
        return TryRead(entry, bytes) ? new(format, entry.Rows, entry.Columns, bytes) : null;
    }

    /// <summary>Writes a file.</summary>
    /// <returns>Its bytes.</returns>
    public static long Write(
        string path,
        IReadOnlyList<string> names,
        IReadOnlyList<InterleavedWeights> products,
        Func<int, PackedTensor> tensors
    )
    {
        using FileStream stream = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        Entry[] entries = new Entry[names.Count];
        // The table's length does not depend on what is in it, so its place is left free and filled at the end.
        stream.Position = Align(Table(names, entries).Length);
        for (int i = 0; i < names.Count; i++)
        {
            bool isProduct = i < products.Count;
            PackedTensor? tensor = isProduct ? null : tensors(i - products.Count);
            ReadOnlySpan<byte> bytes = isProduct ? products[i].Planes : tensor!.Bytes.Span;
            entries[i] = new(
                tensor?.Rows ?? products[i].Rows,
                tensor?.Columns ?? products[i].Rule.Length,
                stream.Position,
                bytes.Length,
                !isProduct || products[i].IsFinite,
                SHA256.HashData(bytes)
            );
            stream.Write(bytes);
            stream.Position = Align(stream.Position);
        }
        stream.SetLength(stream.Position);
        stream.Position = 0;
        stream.Write(Table(names, entries));
        stream.Flush(true);
        return stream.Length;
    }

    public void Dispose() => _handle.Dispose();

    private static long Align(long position) => (position + Alignment - 1) / Alignment * Alignment;

    private static byte[] Table(IReadOnlyList<string> names, Entry[] entries)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream, Encoding.UTF8);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write(0);
        writer.Write(names.Count);
        for (int i = 0; i < names.Count; i++)
        {
            writer.Write(names[i]);
            writer.Write(entries[i].Rows);
            writer.Write(entries[i].Columns);
            writer.Write(entries[i].Offset);
            writer.Write(entries[i].Length);
            writer.Write(entries[i].IsFinite);
            writer.Write(entries[i].Hash ?? new byte[HashBytes]);
        }
        writer.Flush();
        stream.Position = Magic.Length + sizeof(int);
        writer.Write(checked((int)stream.Length));
        writer.Flush();
        byte[] table = stream.ToArray();
        return [.. table, .. SHA256.HashData(table)];
    }

    private static Dictionary<string, Entry> ReadTable(SafeFileHandle handle)
    {
        Span<byte> head = stackalloc byte[Magic.Length + 2 * sizeof(int)];
        if (!TryFill(handle, head, 0) || !head.StartsWith(Magic))
            throw new InvalidDataException("it is no file of packed weights");
        int length = BitConverter.ToInt32(head[^sizeof(int)..]);
        if (BitConverter.ToInt32(head[Magic.Length..]) != Version || length < head.Length || length > MostTableBytes)
            throw new InvalidDataException("its table is damaged");
        byte[] table = new byte[length + HashBytes];
        if (!TryFill(handle, table, 0) || !SHA256.HashData(table.AsSpan(0, length)).AsSpan().SequenceEqual(table.AsSpan(length)))
            throw new InvalidDataException("its table is damaged");
        using BinaryReader reader = new(new MemoryStream(table, head.Length, length - head.Length), Encoding.UTF8);
        Dictionary<string, Entry> entries = [];
        for (int left = reader.ReadInt32(); left > 0; left--)
            entries[reader.ReadString()] = new(
                reader.ReadInt32(),
                reader.ReadInt32(),
                reader.ReadInt64(),
                reader.ReadInt64(),
                reader.ReadBoolean(),
                reader.ReadBytes(HashBytes)
            );
        return entries;
    }

    private bool TryRead(in Entry entry, Span<byte> bytes) =>
        TryFill(_handle, bytes, entry.Offset) && SHA256.HashData(bytes).AsSpan().SequenceEqual(entry.Hash);

    private static bool TryFill(SafeFileHandle handle, Span<byte> bytes, long offset)
    {
        while (bytes.Length > 0)
        {
            int read = RandomAccess.Read(handle, bytes, offset);
            if (read == 0)
                return false;
            bytes = bytes[read..];
            offset += read;
        }
        return true;
    }

    /// <summary>Where an entry lies.</summary>
    private readonly record struct Entry(int Rows, int Columns, long Offset, long Length, bool IsFinite, byte[] Hash);
}
