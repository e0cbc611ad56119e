namespace Tapeout.Models.Importers;

/// <summary>The bytes of a model file, wherever they live. Offsets are 64-bit, spans are at most 2 GiB.</summary>
internal abstract class ByteSource : IDisposable
{
    /// <summary>The path or name used in messages.</summary>
    public abstract string Name { get; }

    /// <summary>The number of bytes.</summary>
    public abstract long Length { get; }

    /// <summary>The bytes from <paramref name="offset"/>; the caller has checked the range, a wrong one throws.</summary>
    public abstract ReadOnlySpan<byte> Slice(long offset, int count);

    /// <summary>Says that these bytes will not be read soon: they need not stay in memory.</summary>
    public virtual void Release(long offset, long count) { }

    /// <inheritdoc/>
    public abstract void Dispose();
}
