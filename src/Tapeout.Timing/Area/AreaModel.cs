using Tapeout.Chips;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>
/// The area of a die from its parts: transistors of arithmetic over the density of placed logic, bits over the density of SRAM and ROM
/// macros, wires of the network, PHYs by device, lane or rate. Every factor is a constant of the technology's files.
/// </summary>
public sealed class AreaModel
{
    private const decimal LargestArea = 1_000_000;
    private const int RegistersOfALane = 32;
    private const int BufferedFlits = 4;
    private const int MeshPorts = 5;
    private readonly ChipDescription _chip;
    private readonly NodeConstants _node;
    private readonly List<AreaBlock> _blocks = [];

    private AreaModel(ChipDescription chip, NodeConstants node)
    {
        _chip = chip;
        _node = node;
    }

    /// <summary>The area of one die of a chip.</summary>
    /// <param name="chip">The chip; its parts are divided evenly over the dies of its package.</param>
    /// <param name="node">The constants of its node.</param>
    /// <exception cref="InvalidInputException">The node does not know a constant that a part needs.</exception>
    public static DieArea Of(ChipDescription chip, NodeConstants node)
    {
        try
        {
            DieArea area = new AreaModel(chip, node).Blocks();
            if (area.Figure.Value.High < LargestArea)
                return area;
        }
        catch (OverflowException)
        {
            // Told below: no die has such an area.
        }
        throw new InvalidInputException(
            $"The parts of the chip {chip.Name} need more than {LargestArea} mm2 in {node.Name}: use fewer tiles, or less in each."
        );
    }

    private int Dies => _chip.Die?.Count ?? 1;

    private bool IsGpu => _chip.Execution.Style == ExecutionStyle.Dynamic;

    private Figure Tiles => Figure.Count("tiles on the die", (_chip.Tiles.Count + (_chip.Die?.SpareTiles ?? 0)) / (decimal)Dies);

    private DieArea Blocks()
    {
        Matrix();
        Logic("vector unit", VectorUnit());
        if (_chip.Attention is { } attention)
        {
            Logic(
                "attention unit",
                ArithmeticUnit.Multiplier(ElementType.F16, ElementType.F16) * attention.Macs.Count
                    + ArithmeticUnit.ElementaryFunction * attention.Exponentials.Count
            );
        }
        // A quantiser multiplies by a reciprocal and rounds; a de-quantiser multiplies a short integer by a scale.
        Logic(
            "converters",
            ArithmeticUnit.FusedMultiplyAdd(24, 24) * _chip.Conversion.Quantise.Count
                + ArithmeticUnit.FusedMultiplyAdd(8, 11) * _chip.Conversion.Dequantise.Count
        );
        Sram();
        Rom();
        Control();
        Network();
        SharedSram();
        Memory();
        Serial();
        Figure sum = Figure.Sum("sum of blocks", "mm2", [.. _blocks.Select(b => b.Figure)]);
        Add(
            "between blocks",
            AreaGroup.Other,
            AreaContent.Logic,
            Figure.Product("between blocks", "mm2", sum, _node.Common("topLevel", ""))
        );
        return new([.. _blocks.Where(b => b.Figure.Value.Typical > 0)]);
    }

    /// <summary>
    /// Integer pairs share one array, of the largest of them; so do float pairs. A float pair no faster than the vector unit runs there. Each
    /// product has an accumulator and registers of its weights (for each set that is held) and of the activation that passes it.
    /// </summary>
    private void Matrix()
    {
        ArithmeticUnit integer = default;
        ArithmeticUnit real = default;
        long cells = 0;
        long weightBits = 0;
        long activationBits = 0;
        foreach (MatrixFormat format in _chip.Matrix.Formats)
        {
            foreach (ElementType w in format.Weights)
            {
                foreach (ElementType a in format.Activations)
                {
                    long macs = format.Macs.Count;
                    ArithmeticUnit all = ArithmeticUnit.Multiplier(w, a) * macs;
                    bool isReal = ArithmeticUnit.Mantissa(w) is not null || ArithmeticUnit.Mantissa(a) is not null;
                    if (isReal && format.Macs <= _chip.Vector.Operations && (w == ElementType.F32 || a == ElementType.F32))
                        continue;
                    if (isReal)
                        real = real.Transistors < all.Transistors ? all : real;
                    else
                        integer = integer.Transistors < all.Transistors ? all : integer;
                    weightBits = Math.Max(weightBits, macs * ArithmeticUnit.Bits(w));
                    activationBits = Math.Max(activationBits, macs * ArithmeticUnit.Bits(a));
                    if (!isReal)
                        cells = Math.Max(cells, Math.Min(macs, (long)_chip.Matrix.Rows * _chip.Matrix.Columns * _chip.Matrix.Count));
                }
            }
        }
        Logic("multipliers", integer + real);
        Logic("accumulators", ArithmeticUnit.Accumulator * cells);
        Logic(
            "operand registers",
            ArithmeticUnit.Registers(weightBits * _chip.Matrix.Slots + (IsGpu ? 0 : Math.Min(activationBits, 16 * cells)))
        );
    }

    private ArithmeticUnit VectorUnit() =>
        ArithmeticUnit.FusedMultiplyAdd(24, 24) * _chip.Vector.Operations.Count
        + ArithmeticUnit.ElementaryFunction * _chip.Vector.SpecialOperations.Count
        + ArithmeticUnit.FusedMultiplyAdd(53, 53) * (_chip.Vector.DoubleOperations?.Count ?? 0)
        // Registers of a lane as latches in a small multi-ported array: half of an edge-triggered register a bit.
        + ArithmeticUnit.Registers(_chip.Vector.Registers is null ? (long)_chip.Vector.Lanes * RegistersOfALane * 16 : 0);

    private void Sram()
    {
        if (_chip.Vector.Registers is { } registers)
        {
            Figure held = Figure.Count("registers of a tile", registers.Count * 8 / 1_000_000m, "Mbit");
            Figure array = Figure.Quotient("bits of a tile", "mm2", held, _node.SramDensity);
            Add(
                "register files",
                AreaGroup.Cores,
                AreaContent.Sram,
                Figure.Product("register files", "mm2", Tiles, array, _node.Common("registerFile", ""))
            );
        }
        SramDescription sram = _chip.Sram;
        Figure bits = Figure.Count("SRAM of a tile", sram.Capacity.Count * 8 / 1_000_000m, "Mbit");
        Figure ports = Figure.ByFormula(
            "ports",
            "",
            Band.Exactly(1) + _node.Common("sramPort", "").Value * (IsGpu ? 0 : sram.Ports - 1),
            $"1 + {(IsGpu ? 0 : sram.Ports - 1)} × common.sramPort",
            _node.Common("sramPort", "")
        );
        Figure banks = BankOverhead(sram.Capacity.Count / sram.Banks, IsGpu);
        Figure capacity = Figure.Quotient("bits of a tile", "mm2", bits, _node.SramDensity);
        Add("SRAM", AreaGroup.Cores, AreaContent.Sram, Figure.Product("SRAM", "mm2", Tiles, capacity, ports, banks));
    }

    /// <summary>
    /// A macro's periphery grows with the lengths of its word and bit lines, the square root of its bits: a bank below 32 KiB has more of it a
    /// bit, a larger one is built of such macros. Banks of a GPU are interleaved words of one macro.
    /// </summary>
    private Figure BankOverhead(long bankBytes, bool interleaved)
    {
        Figure efficiency = _node.Common("sramArrayEfficiency", "");
        const long Reference = 32 * 1024;
        if (interleaved || bankBytes >= Reference)
            return Figure.Count("periphery of banks against 32 KiB", 1);
        // 1 / efficiency = 1 + k / √bits at 32 KiB.
        decimal k = 1 / efficiency.Value.Typical - 1;
        decimal root = (decimal)Math.Sqrt((double)Reference / Math.Max(64, bankBytes));
        decimal factor = Math.Round((1 + k * root) * efficiency.Value.Typical, 6);
        return Figure.ByFormula(
            "periphery of banks against 32 KiB",
            "",
            Band.Exactly(factor),
            $"(1 + (1 / efficiency − 1) × √(32 KiB / {bankBytes} B)) × efficiency",
            efficiency
        );
    }

    private void Rom()
    {
        if (_chip.Rom is not { } rom)
            return;
        Figure bits = Figure.Count("ROM of a tile", rom.Capacity.Count * 8 / 1_000_000m, "Mbit");
        Add(
            "ROM",
            AreaGroup.Cores,
            AreaContent.Rom,
            Figure.Product("ROM", "mm2", Tiles, Figure.Quotient("bits of a tile", "mm2", bits, _node.RomDensity))
        );
    }

    private void Control()
    {
        Figure each = _node.Common(IsGpu ? "simtCore" : "staticTileControl", "MTr");
        Figure all = Figure.Product("transistors", "MTr", Tiles, each);
        Add("control", AreaGroup.Cores, AreaContent.Logic, Figure.Quotient("control", "mm2", all, _node.LogicDensity));
    }

    /// <summary>
    /// A mesh or ring has a router at each tile: buffers of four flits at each of five ports and a crossbar of five by five. A crossbar of all
    /// tiles to a shared memory is the area in which its wires cross, for requests and for replies, times what its switches add.
    /// </summary>
    private void Network()
    {
        long width = _chip.Network.LinkRate.Count * 8;
        if (_chip.Network.Kind != NetworkKind.Crossbar)
        {
            long transistors = MeshPorts * width * BufferedFlits * 12 + MeshPorts * MeshPorts * width * 6;
            Logic("network", new(transistors, transistors), AreaGroup.Network);
            return;
        }
        Figure wire = Figure.Product(
            "pitch of a wire",
            "mm",
            _node.Common("crossbarPitch", "nm"),
            Figure.Count("millimetres of a nanometre", 0.000001m)
        );
        Figure tileWires = Figure.Product("wires of tiles", "", Tiles, Figure.Count("wires of a tile", width));
        Figure memoryWires = Figure.Count("wires of the shared memory", (_chip.SharedSram?.BytesPerCycle.Count ?? width) * 8m / Dies);
        Figure crossing = Figure.Product(
            "crossing of wires",
            "mm2",
            tileWires,
            wire,
            memoryWires,
            wire,
            Figure.Count("requests and replies", 2)
        );
        Figure switches = Figure.ByFormula(
            "wires and switches",
            "",
            Band.Exactly(1) + _node.Common("crossbarSwitch", "").Value,
            "1 + common.crossbarSwitch",
            _node.Common("crossbarSwitch", "")
        );
        Add("network", AreaGroup.Network, AreaContent.Logic, Figure.Product("network", "mm2", crossing, switches));
    }

    private void SharedSram()
    {
        if (_chip.SharedSram is not { } shared)
            return;
        Figure bits = Figure.Count("shared SRAM", shared.Capacity.Count * 8 / 1_000_000m / Dies, "Mbit");
        Figure array = Figure.Quotient("bits", "mm2", bits, _node.SramDensity);
        Figure slices = IsGpu ? _node.Common("cacheSlice", "") : Figure.Count("no cache", 1);
        Add("shared SRAM", AreaGroup.SharedSram, AreaContent.Sram, Figure.Product("shared SRAM", "mm2", array, slices));
    }

    private void Memory()
    {
        foreach (MemoryDescription memory in _chip.Memory)
        {
            if (memory.Kind == MemoryKind.Hbm)
            {
                decimal devices = (memory.Devices ?? (memory.Channels + 15) / 16) + (memory.SpareInterfaces ?? 0);
                Figure stacks = Figure.Count("interfaces of stacks", devices / Dies);
                Add(
                    $"{memory.Name} PHY",
                    AreaGroup.MemoryPhy,
                    AreaContent.Analog,
                    Figure.Product($"{memory.Name} PHY", "mm2", stacks, _node.Common("phyHbm", "mm2"))
                );
                Add(
                    $"{memory.Name} controllers",
                    AreaGroup.MemoryController,
                    AreaContent.Logic,
                    Figure.Product($"{memory.Name} controllers", "mm2", stacks, _node.Common("controllerHbm", "mm2"))
                );
                continue;
            }
            Figure rate = Figure.Count("rate", memory.Bandwidth.Count / 1_000_000_000m / Dies, "GB/s");
            Add(
                $"{memory.Name} PHY",
                AreaGroup.MemoryPhy,
                AreaContent.Analog,
                Figure.Product($"{memory.Name} PHY", "mm2", rate, _node.Common("phyDram", "mm2"))
            );
        }
    }

    /// <summary>Each lane has a PHY and its share of a controller, whatever it runs at: a lane of 25 Gbit/s is as large as one of 50.</summary>
    private void Serial()
    {
        foreach (LinkDescription link in _chip.Links)
            Serial($"links {link.Name}", link.Lanes, link.Bandwidth, link.Count + (link.SpareLinks ?? 0));
        Serial("host interface", _chip.Host.Lanes, _chip.Host.Bandwidth, 1);
    }

    private void Serial(string name, int? lanes, Bandwidth rate, int links)
    {
        Figure each = lanes is { } known
            ? Figure.Count("lanes of a link", known)
            : Figure.Quotient(
                "lanes of a link",
                "",
                Figure.Count("rate", rate.Count / 1_000_000_000m, "GB/s"),
                _node.Common("laneRate", "GB/s")
            );
        Figure all = Figure.Product("lanes on the die", "", each, Figure.Count("links on the die", links / (decimal)Dies));
        Figure lane = Figure.Sum("PHY and controller", "mm2", [_node.Common("phyLane", "mm2"), _node.Common("controllerLane", "mm2")]);
        Add(name, AreaGroup.Links, AreaContent.Analog, Figure.Product(name, "mm2", all, lane));
    }

    private void Logic(string name, ArithmeticUnit ofATile, AreaGroup group = AreaGroup.Cores)
    {
        Figure each = Figure.Count($"transistors of a tile's {name}", ofATile.Transistors / 1_000_000m, "MTr");
        Figure all = Figure.Product("transistors", "MTr", Tiles, each);
        Add(name, group, AreaContent.Logic, Figure.Quotient(name, "mm2", all, _node.LogicDensity));
    }

    private void Add(string name, AreaGroup group, AreaContent content, Figure figure) => _blocks.Add(new(name, group, content, figure));
}
