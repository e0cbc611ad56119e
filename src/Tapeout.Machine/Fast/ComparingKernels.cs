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
        // A kernel may write into what it reads; what an instruction does not write stays as it was by itself.
        (TensorLayout Layout, byte[] Bytes)[] before = Read(machine, point);
        if (!kernels.TryExecute(machine, memory, point))
            return false;
        (TensorLayout Layout, byte[] Bytes)[] fast = Read(machine, point);
        for (int i = 0; i < before.Length; i++)
            Write(memory.View(point, instruction.Writes[i]), before[i]);
        instruction.Accept(new Semantics(machine, memory, point, machine.Threads));
        (TensorLayout Layout, byte[] Bytes)[] reference = Read(machine, point);
        for (int i = 0; i < fast.Length; i++)
        {
            if (!fast[i].Bytes.AsSpan().SequenceEqual(reference[i].Bytes))
                throw Difference(machine, point, memory.View(point, instruction.Writes[i]), fast[i], reference[i]);
        }
        Compared++;
        return true;
    }

    private static (TensorLayout Layout, byte[] Bytes)[] Read(ReferenceMachine machine, in ExecutionPoint point)
    {
        var regions = new (TensorLayout Layout, byte[] Bytes)[point.Instance.Instruction.Writes.Length];
        for (int i = 0; i < regions.Length; i++)
            regions[i] = machine.ReadRegion(point, point.Instance.Instruction.Writes[i]);
        return regions;
    }

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
        int bits = layout.Format.ElementBits;
        for (int row = 0; row < layout.Rows; row++)
        {
            for (int column = 0; column < layout.Columns; column++)
            {
                (string made, string defined) =
                    bits == 32
                        ? (Word(fast.Bytes, layout, row, column), Word(reference.Bytes, layout, row, column))
                        : (
                            $"code {TensorCodec.ReadCode(layout, fast.Bytes, row, column)}",
                            $"code {TensorCodec.ReadCode(layout, reference.Bytes, row, column)}"
                        );
                if (made != defined)
                    return new($"{where}: row {view.Rows.Start + row}, column {view.Columns.Start + column}", made, defined);
            }
        }
        int at = fast.Bytes.AsSpan().CommonPrefixLength(reference.Bytes);
        return new($"{where}: byte {at} of scales and offsets", $"{fast.Bytes[at]:x2}", $"{reference.Bytes[at]:x2}");
    }

    private static string Word(byte[] bytes, TensorLayout layout, int row, int column)
    {
        int word = BitConverter.ToInt32(bytes, row * layout.RowBytes + 4 * column);
        return layout.Format.Element == ElementType.F32
            ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{BitConverter.Int32BitsToSingle(word):R} (bits {word:x8})")
            : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{word}");
    }
}
