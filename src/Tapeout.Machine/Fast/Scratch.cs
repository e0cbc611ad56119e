using System.Runtime.InteropServices;

namespace Tapeout.Machine.Fast;

/// <summary>Native memory that only grows, so that no token allocates.</summary>
internal sealed unsafe class Scratch : IDisposable
{
    private long _length;

    /// <summary>The first byte, on a cache line.</summary>
    public byte* Bytes { get; private set; }

    /// <summary>Makes room; what was there is lost when it grows.</summary>
    public void Require(long bytes)
    {
        if (bytes <= _length)
            return;
        NativeMemory.AlignedFree(Bytes);
        _length = bytes + bytes / 2;
        Bytes = (byte*)NativeMemory.AlignedAlloc((nuint)_length, 64);
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(Bytes);
        Bytes = null;
        _length = 0;
    }
}
