using Tapeout.Chips;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>
/// The constants of a process node as figures. What a node's own file does not have is scaled from the node it was measured on by a rule
/// that the figure states; what cannot be scaled is refused by name.
/// </summary>
public sealed class NodeConstants
{
    private readonly TechnologyNode _node;
    private readonly TechnologyNode _common;
    private readonly TechnologyNode _seven;
    private readonly Dictionary<string, Figure> _known = [];

    /// <summary>The constants of a node of the catalog or of a file.</summary>
    public NodeConstants(string nameOrPath)
        : this(TechnologyNode.Load(nameOrPath)) { }

    /// <summary>The constants of a node.</summary>
    public NodeConstants(TechnologyNode node)
    {
        _node = node;
        _common = TechnologyNode.Load("common");
        _seven = TechnologyNode.Load("7nm");
    }

    /// <summary>The node's name.</summary>
    public string Name => _node.Name;

    /// <summary>Energy of an operation against 7 nm.</summary>
    public Figure EnergyScale => Own("energyScale", "");

    /// <summary>Energy of wires and clock against 7 nm: capacitance per length hardly changes, so the square of the supply remains.</summary>
    public Figure WireScale =>
        Kept(
            "wireScale",
            () =>
            {
                Figure ratio = Figure.Quotient("supply over that of 7 nm", "", Own("supply", "V"), Of(_seven, "supply", "V"));
                return Figure.Product("wireScale", "", ratio, ratio);
            }
        );

    /// <summary>Transistors of a placed block of logic, MTr/mm2: the peak of the node's cells times the utilisation of routed blocks.</summary>
    public Figure LogicDensity =>
        Kept("logicDensity", () => Figure.Product("logicDensity", "MTr/mm2", Own("logicPeak", "MTr/mm2"), Common("logicUtilisation", "")));

    /// <summary>Bits of SRAM in macros of 32 KiB, Mbit/mm2: the node's figure, or its bit cell with the efficiency of an array.</summary>
    public Figure SramDensity =>
        Kept(
            "sramDensity",
            () =>
                _node.Knows("sramMacro")
                    ? Own("sramMacro", "Mbit/mm2")
                    : Figure.Quotient("sramDensity", "Mbit/mm2", Common("sramArrayEfficiency", ""), Own("sramBitCell", "um2"))
        );

    /// <summary>Bits of ROM, Mbit/mm2: the node's figure, or its SRAM bit cell times the ratio of the cells.</summary>
    public Figure RomDensity =>
        Kept(
            "romDensity",
            () =>
                _node.Knows("romMacro")
                    ? Own("romMacro", "Mbit/mm2")
                    : Figure.Quotient(
                        "romDensity",
                        "Mbit/mm2",
                        Common("romArrayEfficiency", ""),
                        Figure.Product("romCell", "um2", Own("sramBitCell", "um2"), Common("romCellToSramCell", ""))
                    )
        );

    /// <summary>An int8 × int8 multiply, pJ.</summary>
    public Figure Int8Multiply => Scaled("int8Multiply", "pJ", EnergyScale);

    /// <summary>An addition into an int32 accumulator, pJ.</summary>
    public Figure Int32Accumulate => Scaled("int32Accumulate", "pJ", EnergyScale);

    /// <summary>Moving an operand to a multiplier inside a tile, pJ/byte: a register and a third of a millimetre of wire.</summary>
    public Figure OperandDelivery => Scaled("operandDelivery", "pJ/byte", EnergyScale);

    /// <summary>A bit over a millimetre of repeated wire, pJ.</summary>
    public Figure Wire => _node.Knows("wire") ? Own("wire", "pJ/bit/mm") : Scaled("wire", "pJ/bit/mm", WireScale);

    /// <summary>A byte read from ROM, pJ.</summary>
    public Figure RomRead =>
        _node.Knows("romRead")
            ? Own("romRead", "pJ/byte")
            : Kept(
                "romRead",
                () =>
                {
                    TechnologyNode six = TechnologyNode.Load("6nm");
                    Figure ratio = Figure.Quotient("energyScale over that of 6 nm", "", EnergyScale, Of(six, "energyScale", ""));
                    return Figure.Product("romRead", "pJ/byte", Of(six, "romRead", "pJ/byte"), ratio);
                }
            );

    /// <summary>Leakage of placed logic, W/mm2; nodes choose threshold voltages so that it stays in this range.</summary>
    public Figure LogicLeakage => Scaled("logicLeakage", "W/mm2", null);

    /// <summary>Leakage of SRAM, W/mm2.</summary>
    public Figure SramLeakage => Scaled("sramLeakage", "W/mm2", null);

    /// <summary>Leakage of ROM, W/mm2.</summary>
    public Figure RomLeakage => Scaled("romLeakage", "W/mm2", null);

    /// <summary>Clock tree and clocked registers, pJ/mm2/cycle.</summary>
    public Figure ClockTree =>
        Kept("clockTree", () => Figure.Product("clockTree", "pJ/mm2/cycle", Common("clockTree", "pJ/mm2/cycle"), WireScale));

    /// <summary>
    /// Reading or writing a bit of an SRAM bank, pJ: a table of 7 nm at 8 KiB, 32 KiB and 1 MiB, straight between them over the square root of
    /// the capacity (the length of word and bit lines), times the node's scale. The low end is another model's, which is 2 to 5 times less.
    /// </summary>
    public Figure SramAccess(long bankBytes)
    {
        return Kept(
            $"sramAccess {bankBytes}",
            () =>
            {
                (decimal Root, string Name)[] points = [(90.5m, "sramAccess8KB"), (181m, "sramAccess32KB"), (1024m, "sramAccess1MB")];
                decimal root = SquareRoot(Math.Clamp(bankBytes, 512, 4L << 20));
                int at = root <= points[1].Root ? 0 : 1;
                Figure small = Of(_seven, points[at].Name, "pJ/bit");
                Figure large = Of(_seven, points[at + 1].Name, "pJ/bit");
                decimal share = (root - points[at].Root) / (points[at + 1].Root - points[at].Root);
                decimal typical = Math.Max(
                    small.Value.Typical / 4,
                    small.Value.Typical + share * (large.Value.Typical - small.Value.Typical)
                );
                Figure access = Figure.ByFormula(
                    $"SRAM access of a bank of {bankBytes} B at 7 nm",
                    "pJ/bit",
                    new(typical * 0.35m, typical, typical * 1.5m),
                    $"{small.Name} + {share:0.###} × ({large.Name} − {small.Name}), low end 0.35 of it (sramModel8KB to sramModel256KB)",
                    small,
                    large,
                    Of(_seven, "sramModel8KB", "pJ/bit"),
                    Of(_seven, "sramModel256KB", "pJ/bit")
                );
                return Figure.Product("sramAccess", "pJ/bit", access, EnergyScale);
            }
        );
    }

    /// <summary>The node's own constant; an <see cref="InvalidInputException"/> if it is unknown there.</summary>
    public Figure Own(string constant, string unit) => Of(_node, constant, unit);

    /// <summary>True if the node has a value for the constant.</summary>
    public bool Knows(string constant) => _node.Knows(constant);

    /// <summary>A constant that belongs to no node.</summary>
    public Figure Common(string constant, string unit) => Of(_common, constant, unit);

    /// <summary>A constant of 7 nm as it stands there.</summary>
    public Figure AtSeven(string constant, string unit) => Of(_seven, constant, unit);

    /// <summary>A constant of 7 nm, an energy per operation, scaled to the node.</summary>
    public Figure ScaledEnergy(string constant, string unit) => Scaled(constant, unit, EnergyScale);

    private Figure Scaled(string constant, string unit, Figure? scale) =>
        Kept(
            constant,
            () =>
                _node.Knows(constant) || scale is null && _node.Name == _seven.Name ? Own(constant, unit)
                : scale is null ? Of(_seven, constant, unit)
                : Figure.Product(constant, unit, Of(_seven, constant, unit), scale)
        );

    private Figure Kept(string key, Func<Figure> make)
    {
        if (!_known.TryGetValue(key, out Figure? figure))
            _known[key] = figure = make();
        return figure;
    }

    private static Figure Of(TechnologyNode node, string constant, string unit)
    {
        Sourced<decimal> value = node.Find(constant, unit);
        return Figure.Constant(node.Name + "." + constant, unit, value);
    }

    /// <summary>The square root to a thousandth, by whole numbers, so that it is the same everywhere.</summary>
    private static decimal SquareRoot(long value)
    {
        long scaled = value * 1_000_000;
        long root = (long)Math.Sqrt(scaled);
        while (root * root > scaled)
            root--;
        while ((root + 1) * (root + 1) <= scaled)
            root++;
        return root / 1000m;
    }
}
