namespace Tapeout.Numerics;

/// <summary>A whole packed tensor: planes as <see cref="TensorLayout"/> lays them out for all its rows and columns.</summary>
/// <param name="Format">The format of its elements.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Columns.</param>
/// <param name="Bytes">The planes.</param>
public sealed record PackedTensor(NumberFormat Format, int Rows, int Columns, ReadOnlyMemory<byte> Bytes);
