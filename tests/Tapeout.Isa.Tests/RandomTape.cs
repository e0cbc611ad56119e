using CsCheck;
using Tapeout.Numerics;

namespace Tapeout.Isa.Tests;

/// <summary>Random tapes that can be encoded, most of them nonsense.</summary>
internal static class RandomTape
{
    private static readonly NumberFormat[] Formats =
    [
        NumberFormat.F32,
        NumberFormat.F16,
        NumberFormat.BF16,
        NumberFormat.I32,
        NumberFormat.Int8Row,
        NumberFormat.Int8Group(32),
        NumberFormat.Int4Group(64, OffsetKind.ZeroPoint, ElementType.F16),
        NumberFormat.Int4Group(32, OffsetKind.Minimum),
        new(ElementType.Ternary, ScaleGranularity.Tensor, 0, OffsetKind.None, ElementType.BF16),
        new(ElementType.Binary, ScaleGranularity.Group, 1024, OffsetKind.None, ElementType.F32),
    ];

    private static Gen<T> Pick<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static readonly Gen<int> Small = Gen.Frequency((4, Gen.Int[-3, 40]), (1, Gen.Int));

    private static readonly Gen<string> Text = Gen.OneOf(
        Pick("", "attn_q", "a b", "; \"quoted\" \\ = \n\r\t\u2028", "größe·K"),
        Gen.Char[' ', 'ÿ'].Array[0, 9].Select(chars => new string(chars))
    );

    private static readonly Gen<SizeExpression> Sizes = Gen.Select(
        Gen.Enum<Symbol>(),
        Small,
        Small,
        Gen.OneOf(Gen.Const(1), Gen.Int[1, int.MaxValue]),
        (symbol, a, b, c) => new SizeExpression(symbol, a, b, c)
    );

    private static readonly Gen<Axis> Axes = Gen.Select(
        Gen.Enum<AxisKind>(),
        Sizes,
        Small.Array[6],
        (kind, total, w) =>
            new Axis(total)
            {
                Kind = kind,
                RankStep = w[0],
                TileStep = w[1],
                LoopStep = w[2],
                LoopLevel = w[3],
                InnerStep = w[4],
                InnerLevel = w[5],
            }
    );

    private static readonly Gen<IndexExpression> Indices = Gen.Select(Small, Small, Small, (b, s, l) => new IndexExpression(b, s, l));

    private static readonly Gen<TapeBuffer> Buffers = Gen.Select(
        Gen.Select(Text, Text),
        Gen.Select(Gen.Enum<BufferKind>(), Gen.Enum<Space>(), Pick(Formats)),
        Gen.Select(Axes, Axes),
        Small.Array[5],
        Gen.Long,
        (names, kinds, axes, w, address) =>
            new TapeBuffer
            {
                Name = names.Item1,
                Tensor = names.Item2,
                Kind = kinds.Item1,
                Space = kinds.Item2,
                Format = kinds.Item3,
                Rows = axes.Item1,
                Columns = axes.Item2,
                Stack0 = w[0],
                Stack1 = w[1],
                Slots = w[2],
                SlotLevel = w[3],
                FirstLayer = w[4],
                Address = address,
            }
    );

    /// <summary>An instruction of a row of the table with random operands.</summary>
    public static Gen<Instruction> Instruction(InstructionDefinition row) =>
        Gen.Select(
            row.Operands.Aggregate(
                Gen.Const(Array.Empty<OperandValue>()),
                (before, operand) => Gen.Select(before, Value(operand), (values, value) => values.Append(value).ToArray())
            ),
            Gen.Enum<Engine>(),
            Small.Array[3],
            Small.Array[0, 5],
            Small.Array[0, 5],
            (values, engine, w, waits, signals) =>
                InstructionFactory.Create((Opcode)row.Code, [.. values]) with
                {
                    Engine = engine,
                    Tiles = new(w[0], w[1]),
                    Origin = w[2],
                    Waits = [.. waits],
                    Signals = [.. signals],
                }
        );

    private static Gen<OperandValue> Value(OperandDefinition operand) =>
        operand.Kind switch
        {
            OperandKind.Flag => Gen.Bool.Select(OperandValue.Of),
            OperandKind.Float => Gen.Float.Where(float.IsFinite).Select(OperandValue.Of),
            OperandKind.Enumeration => Pick([
                .. Enum.GetValues(operand.Enumeration!).Cast<object>().Select(v => new OperandValue(Convert.ToInt32(v))),
            ]),
            OperandKind.Size => Sizes.Select(OperandValue.Of),
            OperandKind.Index => Gen.Select(Small, Small, Gen.Int[0, 3], (b, s, l) => OperandValue.Of(new IndexExpression(b, s, l))),
            _ => Small.Select(v => new OperandValue(v)),
        };

    private static readonly Gen<Role> Roles = Gen.Select(
        Gen.Select(Text, Text, Text),
        Gen.Select(Small, Small),
        Gen.Select(
            Buffers.Array[0, 4],
            Gen.Select(Small, Indices, Indices, Axes, Axes, (b, s0, s1, r, c) => new Descriptor(b, s0, s1, r, c)).Array[0, 5]
        ),
        Gen.Select(Gen.Enum<Engine>(), Gen.Enum<Engine>(), Small, (p, c, n) => new DependencyToken(p, c, n)).Array[0, 4],
        Gen.OneOf([.. InstructionTable.All.Select(Instruction)]).Array[0, 12],
        (names, counts, memory, tokens, instructions) =>
            new Role
            {
                Name = names.Item1,
                Chip = names.Item2,
                ChipHash = names.Item3,
                Ranks = counts.Item1,
                Tiles = counts.Item2,
                Buffers = [.. memory.Item1],
                Descriptors = [.. memory.Item2],
                Tokens = [.. tokens],
                Instructions = [.. instructions],
            }
    );

    /// <summary>A whole tape.</summary>
    public static Gen<Tape> Tapes { get; } =
        Gen.Select(
            Gen.Select(Text, Text, Text, Text),
            Small.Array[5],
            Gen.Select(Text, Small, Small, (n, f, l) => new Origin(n, f, l)).Array[0, 3],
            Roles.Array[0, 3],
            (names, w, origins, roles) =>
                new Tape
                {
                    IsaVersion = InstructionTable.Version,
                    IsaHash = names.Item1,
                    Model = names.Item2,
                    ModelHash = names.Item3,
                    Format = names.Item4,
                    Envelope = new(w[0], w[1], w[2], w[3], w[4]),
                    Origins = [.. origins],
                    Roles = [.. roles],
                }
        );
}
