using Tapeout.Numerics;

namespace Tapeout.Isa.Tests;

/// <summary>A chip with a static schedule that multiplies int8 only.</summary>
internal sealed class StrictChip : IChipCapabilities
{
    public long Bytes { get; init; } = 1 << 20;

    public Opcode? Missing { get; init; }

    public bool IsDynamic => false;

    public int ArrayRows => 32;

    public int ArrayColumns => 16;

    public bool Accepts(NumberFormat weight, NumberFormat activation) =>
        weight.Element == ElementType.I8 && activation.Element == ElementType.I8;

    public bool AcceptsKv(NumberFormat format) => format == NumberFormat.Int8Row;

    public long Capacity(Space space) => Bytes;

    public bool Supports(Opcode opcode) => opcode != Missing;
}
