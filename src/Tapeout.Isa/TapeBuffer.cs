using System.Globalization;
using Tapeout.Numerics;

namespace Tapeout.Isa;

/// <summary>
/// A named piece of memory: a stack of matrices of one format. Rows and Columns say which part of the whole tensor a rank and tile holds;
/// every matrix is laid out by <see cref="TensorLayout"/> for the largest part any tile holds within the envelope, so addresses are the
/// same in all tiles and for all steps.
/// </summary>
public sealed record TapeBuffer
{
    /// <summary>The name, unique in the tape: what listings and errors say.</summary>
    public required string Name { get; init; }

    /// <summary>What it holds, and for how long.</summary>
    public required BufferKind Kind { get; init; }

    /// <summary>Where it lives.</summary>
    public required Space Space { get; init; }

    /// <summary>The format of its elements.</summary>
    public required NumberFormat Format { get; init; }

    /// <summary>Matrices of the outer stack: layers.</summary>
    public int Stack0 { get; init; } = 1;

    /// <summary>Matrices of the inner stack: experts, pages, leaves.</summary>
    public int Stack1 { get; init; } = 1;

    /// <summary>Rows of the whole tensor and the part that is held.</summary>
    public required Axis Rows { get; init; }

    /// <summary>Columns of the whole tensor and the part that is held.</summary>
    public required Axis Columns { get; init; }

    /// <summary>How many iterations of loop <see cref="SlotLevel"/> are held at once; iteration i uses slot i mod Slots.</summary>
    public int Slots { get; init; } = 1;

    /// <summary>The loop whose iterations take the slots in turn.</summary>
    public int SlotLevel { get; init; }

    /// <summary>Byte address in its space.</summary>
    public long Address { get; init; }

    /// <summary>
    /// For constants: the tensor of the quantised model, with <c>{0}</c> for the outer stack index (layer). Empty for other kinds.
    /// </summary>
    public string Tensor { get; init; } = "";

    /// <summary>The tensor that matrix <paramref name="stack0"/> of the outer stack holds.</summary>
    public string TensorOf(int stack0) =>
        Tensor.Replace("{0}", (FirstLayer + stack0).ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);

    /// <summary>For constants: the layer of outer stack index 0.</summary>
    public int FirstLayer { get; init; }

    /// <summary>The layout of one matrix.</summary>
    public TensorLayout Layout(in StepSizes bounds) => new(Format, Rows.Capacity(bounds), Columns.Capacity(bounds));

    /// <summary>Bytes from one matrix of the stack to the next.</summary>
    public long MatrixBytes(in StepSizes bounds) => (Layout(bounds).Bytes + 15) & ~15L;

    /// <summary>Bytes of one slot.</summary>
    public long SlotBytes(in StepSizes bounds) => checked(MatrixBytes(bounds) * Stack0 * Stack1);

    /// <summary>Bytes of the whole buffer, per tile (SRAM, arrays) or per chip (DRAM, ROM).</summary>
    public long Bytes(in StepSizes bounds) => checked(SlotBytes(bounds) * Slots);
}
