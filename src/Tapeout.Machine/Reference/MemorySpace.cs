using System.Runtime.InteropServices;

namespace Tapeout.Machine.Reference;

/// <summary>One address space of a chip or tile: zeroed native memory, so that sizes may exceed 2 GiB and untouched pages cost nothing.</summary>
internal sealed unsafe class MemorySpace : IDisposable
{
    private byte* _bytes;

    public MemorySpace(long length)
    {
        Length = length;
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
        NativeMemory.Free(_bytes);
        _bytes = null;
    }
}
