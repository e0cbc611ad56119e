using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Tapeout.Quantities;

namespace Tapeout.Models.Importers;

/// <summary>A memory-mapped file: the operating system reads what is touched, and shares it between processes.</summary>
internal sealed unsafe partial class MappedByteSource : ByteSource
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private bool _disposed;

    private MappedByteSource(string name, long length, MemoryMappedFile file)
    {
        Name = name;
        Length = length;
        _file = file;
        _view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        _start = pointer + _view.PointerOffset;
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override long Length { get; }

    /// <summary>Maps <paramref name="path"/>, or refuses with a sentence: missing, a folder, empty, not readable.</summary>
    public static MappedByteSource Open(string path)
    {
        if (Directory.Exists(path))
            throw new InvalidInputException($"{path} is a folder; name a model file that ends in .gguf.");
        if (!File.Exists(path))
            throw new InvalidInputException($"The model file {path} does not exist; check the path.");
        try
        {
            FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            long length = stream.Length;
            if (length == 0)
            {
                stream.Dispose();
                throw new InvalidInputException($"The model file {path} is empty; fetch it again.");
            }
            // The mapping owns the stream from here on.
            MemoryMappedFile file = MemoryMappedFile.CreateFromFile(
                stream,
                null,
                0,
                MemoryMappedFileAccess.Read,
                HandleInheritability.None,
                leaveOpen: false
            );
            return new MappedByteSource(path, length, file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The model file {path} cannot be read: {e.Message.TrimEnd('.')}.", e);
        }
    }

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Slice(long offset, int count)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (offset < 0 || offset > Length - count)
            throw new ArgumentOutOfRangeException(nameof(offset));
        return new ReadOnlySpan<byte>(_start + offset, count);
    }

    /// <inheritdoc/>
    public override void Release(long offset, long count)
    {
        if (!OperatingSystem.IsLinux() || _disposed || count <= 0)
            return;
        nint start = ((nint)_start + (nint)offset) & ~((nint)Environment.SystemPageSize - 1);
        _ = Advise((void*)start, (nuint)((nint)_start + (nint)(offset + count) - start), 4); // MADV_DONTNEED: they are read again from the file
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
