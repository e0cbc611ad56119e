using Tapeout.Isa;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Machine.Fast;

/// <summary>Rows of a table that are held as the weights of a product.</summary>
/// <param name="Rows">Which rows of the table.</param>
/// <param name="Weights">The weights.</param>
internal readonly record struct TiedPart(AxisRange Rows, InterleavedWeights Weights);
