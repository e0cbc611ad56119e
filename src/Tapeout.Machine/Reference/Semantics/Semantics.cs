using Tapeout.Isa;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Machine.Reference;

/// <summary>
/// What each instruction does, at one tile of one rank: one method per instruction. Shapes stand in comments as [rows, columns]; T are tokens (or
/// other rows), rows and columns are numbered as in the whole tensor. An empty part is absent: nothing is read, written or added for it.
/// </summary>
internal sealed partial class Semantics(ReferenceMachine machine, RoleMemory memory, ExecutionPoint point, int threads)
    : IInstructionVisitor<Nothing>
{
    /// <summary>Multiplications that make a second thread worth its start.</summary>
    private const long ThreadWork = 1 << 18;

    private Step Step => point.Step;

    /// <summary>The operator and layer, as sentences name them.</summary>
    public static string OperatorName(Tape tape, in ExecutionPoint point)
    {
        string name = tape.Origins.IsEmpty ? "an unnamed operator" : $"'{tape.Origins[point.Instance.Instruction.Origin].Operator}'";
        return point.Layer < 0 ? name : $"{name} of layer {point.Layer}";
    }

    /// <summary>The region of a descriptor, at this rank and tile.</summary>
    private MatrixView View(int descriptor, int inner = 0) => memory.View(point, descriptor, inner);

    /// <summary>The region of a descriptor at another member of the group.</summary>
    private MatrixView ViewAt(int rank, int tile, int descriptor) => memory.View(point with { Rank = rank, Tile = tile }, descriptor);

    private TapeFaultException Fault(string problem) => new($"{RoleMemory.Where(point)}: {problem}.", point.Instance.Instruction);

    private void RequireShape(in MatrixView left, in MatrixView right)
    {
        if (left.Rows.Count != right.Rows.Count || left.Columns.Count != right.Columns.Count)
        {
            throw Fault(
                $"regions of {left.Rows.Count} × {left.Columns.Count} and {right.Rows.Count} × {right.Columns.Count} should have the same shape"
            );
        }
    }

    private void RequireFormat(in MatrixView left, in MatrixView right)
    {
        if (left.Format != right.Format)
            throw Fault($"regions of {left.Format} and {right.Format} should have the same format");
    }

    /// <summary>Traps a NaN or infinity in what has just been written.</summary>
    private void RequireFinite(in MatrixView written) => RequireFinite(machine.Tape, point, written);

    /// <inheritdoc cref="RequireFinite(in MatrixView)"/>
    public static void RequireFinite(Tape tape, in ExecutionPoint point, in MatrixView written)
    {
        for (int row = written.Rows.Start; row < written.Rows.End; row++)
        {
            ReadOnlySpan<float> values = written.Floats(row);
            if (TensorCodec.AreFinite(values))
                continue;
            for (int column = 0; column < values.Length; column++)
            {
                if (!float.IsFinite(values[column]))
                {
                    throw new InvalidInputException(
                        $"{OperatorName(tape, point)} produced {values[column]} at row {row}, column {written.Columns.Start + column}: use a format with more precision or range for this model."
                    );
                }
            }
        }
    }

    /// <summary>
    /// Calls <paramref name="part"/> for parts of [0, count) that together cover it, on several threads where <paramref name="work"/> is worth it. Parts
    /// write different places, so no bit depends on how they are cut; cuts are multiples of <paramref name="grain"/>.
    /// </summary>
    private void InParts(int count, int grain, long work, Action<int, int> part)
    {
        int parts = (int)Math.Min(Math.Min(work / ThreadWork, threads * 4L), (count + grain - 1) / grain);
        if (parts <= 1 || threads <= 1)
        {
            part(0, count);
            return;
        }
        int size = ((count + parts - 1) / parts + grain - 1) / grain * grain;
        try
        {
            Parallel.For(
                0,
                (count + size - 1) / size,
                new ParallelOptions { MaxDegreeOfParallelism = threads },
                i => part(i * size, Math.Min(size, count - i * size))
            );
        }
        catch (AggregateException exception)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
    }
}
