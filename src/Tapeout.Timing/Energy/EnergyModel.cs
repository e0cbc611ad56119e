using Tapeout.Chips;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>
/// What each kind of work costs on a chip, in picojoules, and what the chip takes without work. A chip with a static schedule pays for its
/// parts as built; a GPU also pays for the control of its cores and for caches, whose cost was measured on 7 nm silicon and is scaled.
/// </summary>
public sealed class EnergyModel
{
    private readonly ChipDescription _chip;
    private readonly NodeConstants _node;
    private readonly DieArea _area;
    private readonly Dictionary<WorkItem, IReadOnlyList<EnergyComponent>> _known = [];

    /// <summary>The model of a chip.</summary>
    /// <param name="chip">The chip.</param>
    /// <param name="node">The constants of its node.</param>
    /// <param name="area">Its die: wires are as long as tiles are wide, and area leaks.</param>
    public EnergyModel(ChipDescription chip, NodeConstants node, DieArea area)
    {
        _chip = chip;
        _node = node;
        _area = area;
        (Static, StaticLines) = StaticPower();
    }

    /// <summary>Power without work, in watts, at the boundaries of <see cref="StaticLines"/>.</summary>
    public Figure Static { get; }

    /// <summary>The parts of the power without work, in watts.</summary>
    public IReadOnlyList<EnergyComponent> StaticLines { get; }

    private bool IsGpu => _chip.Execution.Style == ExecutionStyle.Dynamic;

    /// <summary>The energy of one unit of work, by place.</summary>
    public IReadOnlyList<EnergyComponent> Of(WorkItem item)
    {
        if (!_known.TryGetValue(item, out IReadOnlyList<EnergyComponent>? components))
            _known[item] = components = [.. Components(item)];
        return components;
    }

    /// <summary>What the energy of a kind of work is spent on.</summary>
    public static EnergyPart PartOf(WorkItem item) =>
        item.Kind is not (WorkKind.Bytes or WorkKind.ByteHops) ? EnergyPart.Compute
        : item.Level is MemoryLevel.Link or MemoryLevel.Host ? EnergyPart.Links
        : item.Purpose switch
        {
            Purpose.Weights => EnergyPart.Weights,
            Purpose.Kv => EnergyPart.Kv,
            _ => EnergyPart.Activations,
        };

    private IEnumerable<EnergyComponent> Components(WorkItem item)
    {
        switch (item.Kind)
        {
            case WorkKind.Multiply:
                yield return Die(EnergyConstants.Multiply(_node, item.Weights, item.Activations));
                if (IsGpu)
                    yield return Die(Control(item.Activations));
                break;
            case WorkKind.Accumulate:
                yield return Die(_node.Int32Accumulate);
                break;
            case WorkKind.Vector:
                yield return Die(IsGpu ? _node.ScaledEnergy("a100Fp32VectorTotal", "pJ") : EnergyConstants.VectorOperation(_node));
                break;
            case WorkKind.Function:
                yield return Die(EnergyConstants.ElementaryFunction(_node));
                if (IsGpu)
                    yield return Die(_node.ScaledEnergy("a100Fp32VectorTotal", "pJ"));
                break;
            case WorkKind.Quantise or WorkKind.Dequantise:
                yield return Die(IsGpu ? _node.ScaledEnergy("a100Fp32VectorTotal", "pJ") : EnergyConstants.VectorOperation(_node));
                break;
            case WorkKind.ByteHops:
                yield return Die(Hop());
                break;
            default:
                foreach (EnergyComponent component in Bytes(item.Level))
                    yield return component;
                break;
        }
    }

    private IEnumerable<EnergyComponent> Bytes(MemoryLevel level)
    {
        switch (level)
        {
            case MemoryLevel.Array:
                yield return Die(_node.OperandDelivery);
                break;
            case MemoryLevel.Sram:
                yield return Die(
                    PerByte(
                        IsGpu ? _node.ScaledEnergy("a100L1Total", "pJ/bit") : _node.SramAccess(_chip.Sram.Capacity.Count / _chip.Sram.Banks)
                    )
                );
                break;
            case MemoryLevel.SharedSram:
                yield return Die(PerByte(IsGpu ? GpuCache() : _node.SramAccess(1 << 20)));
                break;
            case MemoryLevel.Rom:
                yield return Die(_node.RomRead);
                break;
            case MemoryLevel.Dram:
                Figure device = Device();
                yield return new(PerByte(device), Boundary.Card);
                yield return Die(PerByte(IsGpu ? GpuMemoryPath(device) : _node.Common("memoryInterface", "pJ/bit")));
                break;
            case MemoryLevel.Link:
                yield return Die(PerByte(_node.Common("linkSerdes", "pJ/bit")));
                break;
            case MemoryLevel.Host:
                yield return Die(PerByte(_node.Common("linkHost", "pJ/bit")));
                break;
        }
    }

    // Control of a tensor core was measured for 16-bit operands; an instruction on shorter ones makes more products.
    private Figure Control(ElementType activations) =>
        Figure.Product(
            "control of a product",
            "pJ",
            _node.ScaledEnergy("a100Fp16TensorControl", "pJ"),
            Figure.Count("operations of a multiply-add", 2),
            Figure.Count("bits over 16", ArithmeticUnit.Bits(activations) / 16m)
        );

    private Figure GpuCache() =>
        Figure.Product("path between L1 and L2", "pJ/bit", _node.Common("systemA100L1L2TraversalExtra", "pJ/bit"), _node.EnergyScale);

    private Figure GpuMemoryPath(Figure device)
    {
        Figure system = _node.Common("systemHbmGpu", "pJ/bit");
        return Figure.ByFormula(
            "memory path of a GPU",
            "pJ/bit",
            new(
                Math.Max(0, system.Value.Low - device.Value.High),
                Math.Max(0, system.Value.Typical - device.Value.Typical),
                Math.Max(0, system.Value.High - device.Value.Low)
            ),
            $"{system.Name} − {device.Name}",
            system,
            device
        );
    }

    private Figure Device() =>
        _chip.Memory.Count == 0
            ? _node.Common("deviceHbm", "pJ/bit")
            : _chip.Memory[0].Kind switch
            {
                MemoryKind.Hbm => _node.Common("deviceHbm", "pJ/bit"),
                MemoryKind.Lpddr => _node.Common("deviceLpddr5x", "pJ/bit"),
                MemoryKind.Gddr => _node.Common("deviceGddr6", "pJ/bit"),
                _ => _node.Common("deviceDdr5", "pJ/bit"),
            };

    /// <summary>A byte past one tile: eight wires as long as a tile is wide.</summary>
    private Figure Hop()
    {
        Figure cores = Figure.Sum("cores", "mm2", [.. _area.Blocks.Where(b => b.Group == AreaGroup.Cores).Select(b => b.Figure)]);
        decimal tiles = Math.Max(1, _chip.Tiles.Count / (decimal)(_chip.Die?.Count ?? 1));
        decimal Side(decimal square) => DieYield.Root(square / tiles);
        Figure pitch = Figure.ByFormula(
            "width of a tile",
            "mm",
            new(Side(cores.Value.Low), Side(cores.Value.Typical), Side(cores.Value.High)),
            $"√(cores / {tiles:0.#} tiles)",
            cores
        );
        return Figure.Product("hop", "pJ/byte", pitch, _node.Wire, Figure.Count("bits of a byte", 8));
    }

    /// <summary>
    /// An idle power that others than us vouch for is taken as it is, for the card. Otherwise logic and SRAM leak by their area, the clock
    /// takes its share of the whole die in each cycle, and stacks of memory take theirs. Where only the low end of that leaves the chip
    /// within its limit, the file's own estimate of its idle power is the better one.
    /// </summary>
    private (Figure Sum, IReadOnlyList<EnergyComponent> Lines) StaticPower()
    {
        Sourced<string>? idle = _chip.Figures.FirstOrDefault(f => f.Path == "power.idle")?.Figure;
        List<EnergyComponent> lines = [];
        if (idle is not null && idle.Confidence is Confidence.VendorPublished or Confidence.ThirdParty or Confidence.Measured)
        {
            lines.Add(Idle(idle!));
        }
        else
        {
            decimal dies = _chip.Die?.Count ?? 1;
            Figure Leak(string name, AreaContent content, Figure constant) =>
                Figure.Product(name, "W", Content(content), Figure.Count("dies", dies), constant);
            lines.Add(Die(Leak("leakage of logic", AreaContent.Logic, _node.LogicLeakage)));
            lines.Add(Die(Leak("leakage of SRAM", AreaContent.Sram, _node.SramLeakage)));
            if (_chip.Rom is not null)
                lines.Add(Die(Leak("leakage of ROM", AreaContent.Rom, _node.RomLeakage)));
            Figure whole = _area.Figure;
            lines.Add(
                Die(
                    Figure.Product(
                        "clock",
                        "W",
                        whole,
                        Figure.Count("dies", dies),
                        _node.ClockTree,
                        Figure.Count("cycles of a picosecond", _chip.Clock.Count / 1_000_000_000_000m)
                    )
                )
            );
            int stacks = _chip.Memory.Where(m => m.Kind == MemoryKind.Hbm).Sum(m => m.Devices ?? (m.Channels + 15) / 16);
            if (stacks > 0)
                lines.Add(
                    new(
                        Figure.Product("idle memory", "W", Figure.Count("stacks", stacks), _node.Common("hbmStackIdle", "W")),
                        Boundary.Card
                    )
                );
        }
        Figure sum = Figure.Sum("power without work", "W", [.. lines.Select(l => l.Figure)]);
        Band converted = sum.Value / _node.Common("regulatorEfficiency", "").Value;
        decimal most = _chip.Power.Tdp.Count / 1_000_000m;
        if (idle is null || converted.Typical < most || converted.Low >= most)
            return (sum, lines);
        EnergyComponent own = Idle(idle);
        return (Figure.Sum("power without work", "W", [own.Figure]), [own]);
    }

    private EnergyComponent Idle(Sourced<string> idle) =>
        new(Figure.Constant($"{_chip.Name}.power.idle", "W", idle.Select(text => Power.Parse(text).Count / 1_000_000m)), Boundary.Card);

    private Figure Content(AreaContent content) =>
        Figure.Sum($"{content} of the die", "mm2", [.. _area.Blocks.Where(b => b.Content == content).Select(b => b.Figure)]);

    private static Figure PerByte(Figure perBit) =>
        Figure.Product(perBit.Name + " a byte", "pJ/byte", perBit, Figure.Count("bits of a byte", 8));

    private static EnergyComponent Die(Figure figure) => new(figure, Boundary.Die);
}
