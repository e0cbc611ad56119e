namespace Tapeout.Isa;

/// <summary>
/// What an instruction reads or writes: a region of a buffer, in the tensor's own coordinates. The machine finds the bytes by subtracting
/// the start of the part of the buffer that the tile holds; a region outside that part is an error.
/// </summary>
/// <param name="Buffer">The number of the buffer in the tape.</param>
/// <param name="Stack0">Which matrix of the outer stack (layer).</param>
/// <param name="Stack1">Which matrix of the inner stack (expert, leaf).</param>
/// <param name="Rows">The range of rows.</param>
/// <param name="Columns">The range of columns.</param>
public readonly record struct Descriptor(int Buffer, IndexExpression Stack0, IndexExpression Stack1, Axis Rows, Axis Columns);
