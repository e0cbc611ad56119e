using Tapeout.Numerics;

namespace Tapeout.Machine.Reference;

/// <summary>A region on its way from one role to another.</summary>
/// <param name="Layout">The layout of the region alone.</param>
/// <param name="Bytes">Its bytes.</param>
internal sealed record Parcel(TensorLayout Layout, byte[] Bytes);
