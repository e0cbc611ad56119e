using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Chips;

/// <summary>A chip as the verifier sees it.</summary>
/// <param name="chip">The chip.</param>
public sealed class ChipCapabilities(ChipDescription chip) : IChipCapabilities
{
    /// <inheritdoc/>
    public bool IsDynamic => chip.Execution.Style == ExecutionStyle.Dynamic;

    /// <inheritdoc/>
    public int ArrayRows => chip.Matrix.Rows;

    /// <inheritdoc/>
    public int ArrayColumns => chip.Matrix.Columns;

    /// <inheritdoc/>
    public bool Accepts(NumberFormat weight, NumberFormat activation) => chip.Accepts(weight, activation);

    /// <inheritdoc/>
    public bool AcceptsKv(NumberFormat format) => chip.AcceptsKv(format);

    /// <inheritdoc/>
    public long Capacity(Space space) =>
        space switch
        {
            Space.Sram => chip.Sram.Capacity.Count,
            Space.Dram => chip.TotalMemory.Count,
            Space.Rom => chip.TotalRom.Count,
            // Registers hold at most 4 bytes an element, and as much again for scales of the smallest blocks.
            _ => 8L * chip.Matrix.Rows * chip.Matrix.Columns * chip.Matrix.Slots,
        };

    /// <inheritdoc/>
    public bool Supports(Opcode opcode) =>
        opcode switch
        {
            Opcode.Launch => IsDynamic,
            Opcode.Install => chip.Matrix.ExplicitInstall,
            Opcode.Send or Opcode.Receive => chip.Links.Count > 0,
            _ => true,
        };
}
