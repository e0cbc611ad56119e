namespace Tapeout.Models.Importers;

/// <summary>A model file in memory: embedded resources and tests.</summary>
internal sealed class ArrayByteSource(string name, byte[] bytes) : ByteSource
{
    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override long Length => bytes.Length;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> Slice(long offset, int count) => bytes.AsSpan(checked((int)offset), count);

    /// <inheritdoc/>
    public override void Dispose() { }
}
