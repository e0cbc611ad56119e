using Tapeout.Numerics;

namespace Tapeout.Isa;

/// <summary>Where a machine takes the tensors of the quantised model from when it fills a tape's constant buffers.</summary>
public interface IConstantSource
{
    /// <summary>
    /// Identifies every bit of every tensor and the code that packs them, as text without spaces; null if nothing does, and then nothing of it is kept in files.
    /// </summary>
    string? Hash => null;

    /// <summary>A tensor.</summary>
    /// <param name="name">Its name: <see cref="TapeBuffer.Tensor"/> with the layer put in for <c>{0}</c>.</param>
    /// <param name="index">The index in the inner stack: the expert; 0 for others.</param>
    PackedTensor Tensor(string name, int index);
}
