using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Conformance;

/// <summary>A chip of the catalog as the verifier sees it.</summary>
internal sealed class CatalogCapabilities(ChipDescription chip) : IChipCapabilities
{
    public bool IsDynamic => chip.Execution.Style == ExecutionStyle.Dynamic;

    public int ArrayRows => chip.Matrix.Rows;

    public int ArrayColumns => chip.Matrix.Columns;

    public bool Accepts(NumberFormat weight, NumberFormat activation) => chip.Accepts(weight, activation);

    public bool AcceptsKv(NumberFormat format) => chip.AcceptsKv(format);

    public long Capacity(Space space) =>
        space switch
        {
            Space.Sram => chip.Sram.Capacity.Count,
            Space.Dram => chip.TotalMemory.Count,
            Space.Rom => chip.TotalRom.Count,
            // Registers hold at most 4 bytes an element, and as much again for scales of the smallest blocks.
            _ => 8L * chip.Matrix.Rows * chip.Matrix.Columns * chip.Matrix.Slots,
        };

    public bool Supports(Opcode opcode) => true;
}
