using System.Globalization;
using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;

namespace Tapeout.Machine.Fast;

/// <summary>
/// Kernels in lock-step with the definition: what a kernel has written is read, the operands are put back, the reference machine's method executes the same
/// instruction on the same memory, and every bit is compared.
/// </summary>
/// <param name="kernels">The kernels to compare.</param>
internal sealed class ComparingKernels(IKernels kernels) : IKernels
{
    /// <summary>Executions of instructions that were compared.</summary>
    public long Compared { get; private set; }

    public void Prepare(Tape tape, RoleMemory memory) => kernels.Prepare(tape, memory);

    public bool TryExecute(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point)
    {
        Instruction instruction = point.Instance.Instruction;
        Place[] places = Written(point);
        // A kernel may write into what it reads; what an instruction does not write stays as it was by itself.
        (TensorLayout Layout, byte[] Bytes)[] before = Read(machine, places);
        if (!kernels.TryExecute(machine, memory, point))
            return false;
        (TensorLayout Layout, byte[] Bytes)[] fast = Read(machine, places);
        for (int i = 0; i < before.Length; i++)
            Write(places[i].View(memory), before[i]);
        instruction.Accept(new Semantics(machine, memory, point, machine.Threads));
        (TensorLayout Layout, byte[] Bytes)[] reference = Read(machine, places);
        for (int i = 0; i < fast.Length; i++)
        {
            if (!fast[i].Bytes.AsSpan().SequenceEqual(reference[i].Bytes))
                throw Difference(machine, places[i].At, places[i].View(memory), fast[i], reference[i]);
        }
        Compared++;
        return true;
    }

    /// <summary>
    /// The matrices that an instruction writes: of a cache, those of all pages with new positions; of an exchange, those of all members, for which the first
    /// one acts.
    /// </summary>
    private static Place[] Written(ExecutionPoint point)
    {
        Instruction instruction = point.Instance.Instruction;
        return
        [
            .. instruction
                .Definition.Operands.Select((operand, i) => (operand, Descriptor: instruction.Operands[i].Word0))
                .Where(o => o.operand.Kind is OperandKind.Write or OperandKind.ReadWrite && o.Descriptor >= 0)
                .SelectMany(o =>
                    from at in Members(point)
                    from inner in InnerMatrices.Of(point, o.operand.Name)
                    select new Place(at, o.Descriptor, inner)
                ),
        ];
    }

    private static IEnumerable<ExecutionPoint> Members(ExecutionPoint point)
    {
        Group? members = point.Instance.Instruction switch
        {
            Exchange exchange => exchange.Group,
            AllToAll exchange => exchange.Group,
            Reduce reduce => reduce.Group,
            ReduceScatter reduce => reduce.Group,
            _ => null,
        };
        if (members is null)
            return [point];
        return from rank in members == Group.Tiles ? [point.Rank] : Enumerable.Range(0, point.Role.Ranks)
            from tile in members == Group.Ranks ? [point.Tile] : Enumerable.Range(0, point.Instance.Instruction.Tiles.Count)
            select point with
            {
                Rank = rank,
                Tile = tile,
            };
    }

    private static (TensorLayout Layout, byte[] Bytes)[] Read(ReferenceMachine machine, Place[] places) =>
        [.. places.Select(place => machine.ReadRegion(place.At, place.Descriptor, place.Inner))];

    private static unsafe void Write(in MatrixView destination, (TensorLayout Layout, byte[] Bytes) region)
    {
        if (destination.IsEmpty)
            return;
        fixed (byte* source = region.Bytes)
            MatrixView.Copy(MatrixView.Over(region.Layout, source), destination);
    }

    /// <summary>The first element that differs, or the first byte of a scale.</summary>
    private static MachineDifferenceException Difference(
        ReferenceMachine machine,
        in ExecutionPoint point,
        in MatrixView view,
        (TensorLayout Layout, byte[] Bytes) fast,
        (TensorLayout Layout, byte[] Bytes) reference
    )
    {
        string where = $"{RoleMemory.Where(point)}, {Semantics.OperatorName(machine.Tape, point)}";
        TensorLayout layout = fast.Layout;
        for (int row = 0; row < layout.Rows; row++)
        {
            for (int column = 0; column < layout.Columns; column++)
            {
                string made = Element(fast.Bytes, layout, row, column);
                string defined = Element(reference.Bytes, layout, row, column);
                if (made != defined)
                    return new($"{where}: row {view.Rows.Start + row}, column {view.Columns.Start + column}", made, defined);
            }
        }
        int at = fast.Bytes.AsSpan().CommonPrefixLength(reference.Bytes);
        return new($"{where}: byte {at} of scales and offsets", $"{fast.Bytes[at]:x2}", $"{reference.Bytes[at]:x2}");
    }

    private static string Element(byte[] bytes, in TensorLayout layout, int row, int column)
    {
        int at = row * layout.RowBytes + column * layout.Format.ElementBits / 8;
        switch (layout.Format.Element)
        {
            case ElementType.F32:
                int single = BitConverter.ToInt32(bytes, at);
                return Value(BitConverter.Int32BitsToSingle(single), $"{single:x8}");
            case ElementType.F16:
                ushort half = BitConverter.ToUInt16(bytes, at);
                return Value(FloatConversion.FromF16(half), $"{half:x4}");
            case ElementType.BF16:
                ushort brain = BitConverter.ToUInt16(bytes, at);
                return Value(FloatConversion.FromBF16(brain), $"{brain:x4}");
            case ElementType.I32:
                return BitConverter.ToInt32(bytes, at).ToString(CultureInfo.InvariantCulture);
            default:
                return $"code {TensorCodec.ReadCode(layout, bytes, row, column)}";
        }
    }

    private static string Value(float value, string bits) => string.Create(CultureInfo.InvariantCulture, $"{value:R} (bits {bits})");

    /// <summary>A matrix that an instruction writes, at one rank and tile.</summary>
    private readonly record struct Place(ExecutionPoint At, int Descriptor, int Inner)
    {
        public MatrixView View(RoleMemory memory) => memory.View(At, Descriptor, Inner);
    }
}
