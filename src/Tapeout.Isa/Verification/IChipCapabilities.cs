using Tapeout.Numerics;

namespace Tapeout.Isa;

/// <summary>What a verifier asks of a chip, so that the instruction set need not know how chips are described.</summary>
public interface IChipCapabilities
{
    /// <summary>True if the chip executes dynamically, with launches.</summary>
    bool IsDynamic { get; }

    /// <summary>Rows of a multiplier array: the K of an installed block.</summary>
    int ArrayRows { get; }

    /// <summary>Columns of a multiplier array: the output channels of an installed block.</summary>
    int ArrayColumns { get; }

    /// <summary>True if the matrix unit multiplies weights of one format by activations of the other.</summary>
    bool Accepts(NumberFormat weight, NumberFormat activation);

    /// <summary>True if the chip attends over keys and values of a format.</summary>
    bool AcceptsKv(NumberFormat format);

    /// <summary>Bytes of a space: per tile for SRAM and arrays, per chip for DRAM and ROM.</summary>
    long Capacity(Space space);

    /// <summary>True if the chip has the engine and the function of an instruction.</summary>
    bool Supports(Opcode opcode);
}
