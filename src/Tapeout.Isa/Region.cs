using Tapeout.Numerics;

namespace Tapeout.Isa;

/// <summary>A descriptor resolved for one rank, tile and iteration: global ranges, and where the bytes lie.</summary>
/// <param name="Buffer">The buffer.</param>
/// <param name="Rows">The rows, in the tensor's coordinates.</param>
/// <param name="Columns">The columns, in the tensor's coordinates.</param>
/// <param name="HeldRows">The rows that the tile holds.</param>
/// <param name="HeldColumns">The columns that the tile holds.</param>
/// <param name="Layout">The layout of one matrix of the buffer.</param>
/// <param name="Address">Byte address of the matrix (stack index and slot applied) in its space.</param>
/// <param name="MatrixBytes">Bytes from one matrix of the inner stack to the next.</param>
public readonly record struct Region(
    TapeBuffer Buffer,
    AxisRange Rows,
    AxisRange Columns,
    AxisRange HeldRows,
    AxisRange HeldColumns,
    TensorLayout Layout,
    long Address,
    long MatrixBytes
)
{
    /// <summary>True if the region lies inside the part that the tile holds.</summary>
    public bool IsInside => HeldRows.Contains(Rows) && HeldColumns.Contains(Columns);

    /// <summary>True if nothing is in the region.</summary>
    public bool IsEmpty => Rows.Count == 0 || Columns.Count == 0;

    /// <summary>Elements of the region.</summary>
    public long Elements => (long)Rows.Count * Columns.Count;

    /// <summary>Resolves a descriptor.</summary>
    /// <exception cref="InvalidOperationException">A stack index is outside the buffer's stack.</exception>
    public static Region Resolve(Role role, in Descriptor descriptor, in StepSizes bounds, in ResolveContext context)
    {
        TapeBuffer buffer = role.Buffers[descriptor.Buffer];
        return Resolve(buffer, buffer.Layout(bounds), buffer.MatrixBytes(bounds), descriptor, context);
    }

    /// <summary>Resolves a descriptor whose buffer's layout is known: both follow from the envelope and are the same in all steps.</summary>
    /// <param name="buffer">The descriptor's buffer.</param>
    /// <param name="layout">The layout of one of its matrices.</param>
    /// <param name="matrixBytes">Bytes from one matrix of the stack to the next.</param>
    /// <param name="descriptor">What is resolved.</param>
    /// <param name="context">For whom, and when.</param>
    /// <exception cref="InvalidOperationException">A stack index is outside the buffer's stack.</exception>
    public static Region Resolve(
        TapeBuffer buffer,
        in TensorLayout layout,
        long matrixBytes,
        in Descriptor descriptor,
        in ResolveContext context
    )
    {
        int stack0 = descriptor.Stack0.Evaluate(context.Loops);
        int stack1 = descriptor.Stack1.Evaluate(context.Loops);
        if ((uint)stack0 >= (uint)buffer.Stack0 || (uint)stack1 >= (uint)buffer.Stack1)
            throw new InvalidOperationException($"Buffer '{buffer.Name}' has no matrix [{stack0}, {stack1}].");
        int slot = buffer.Slots > 1 ? context.Loops[buffer.SlotLevel] % buffer.Slots : 0;
        long address = buffer.Address + matrixBytes * ((long)slot * buffer.Stack0 * buffer.Stack1 + (long)stack0 * buffer.Stack1 + stack1);
        return new(
            buffer,
            descriptor.Rows.Resolve(context),
            descriptor.Columns.Resolve(context),
            buffer.Rows.Resolve(context),
            buffer.Columns.Resolve(context),
            layout,
            address,
            matrixBytes
        );
    }
}
