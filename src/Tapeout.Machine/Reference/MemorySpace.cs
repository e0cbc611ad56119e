using System.Runtime.InteropServices;

namespace Tapeout.Machine.Reference;

/// <summary>One address space of a chip or tile: zeroed native memory, so that sizes may exceed 2 GiB and untouched pages cost nothing.</summary>
internal sealed unsafe partial class MemorySpace : IDisposable
{
    /// <summary>From here on pages of 2 MiB are asked for: a long KV cache is read through far fewer of them.</summary>
    private const long LargeBytes = 4 << 20;

    private readonly bool _isMapped;
    private byte* _bytes;

    public MemorySpace(long length)
    {
        Length = length;
        if (length >= LargeBytes && OperatingSystem.IsLinux())
        {
            // PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS
            nint mapped = Map(0, checked((nuint)length), 3, 0x22, -1, 0);
            if (mapped != -1)
            {
                _bytes = (byte*)mapped;
                _isMapped = true;
                _ = Advise(_bytes, (nuint)length, 14); // MADV_HUGEPAGE; without it the memory only is slower
                return;
            }
        }
        _bytes = (byte*)NativeMemory.AllocZeroed(checked((nuint)Math.Max(length, 1)));
    }

    ~MemorySpace() => Free();

    /// <summary>Bytes.</summary>
    public long Length { get; }

    /// <summary>The first byte.</summary>
    public byte* Bytes => _bytes;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        if (_isMapped && _bytes != null)
            _ = Unmap(_bytes, (nuint)Length);
        else
            NativeMemory.Free(_bytes);
        _bytes = null;
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(void* address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
