using Tapeout.Numerics;

namespace Tapeout.Isa;

/// <summary>
/// The constraints of the instruction table, one method per instruction, labels as in the table. What is wrong becomes a problem; true
/// means that nothing was found.
/// </summary>
internal sealed partial class InstructionConstraints(
    Tape tape,
    Role role,
    LoopStructure loops,
    IChipCapabilities? chips,
    ProblemList problems,
    int counter,
    IReadOnlyList<Corner> corners
) : IInstructionVisitor<bool>
{
    private readonly string mnemonic = role.Instructions[counter].Definition.Mnemonic;
    private Corner corner;

    private bool Holds(int constraint, bool isTrue, string sentence)
    {
        if (!isTrue)
            problems.Add($"{mnemonic} C{constraint}", role.Name, counter, sentence);
        return isTrue;
    }

    private bool InRegion(bool isTrue, string sentence)
    {
        if (!isTrue)
            problems.Add("region", role.Name, counter, $"{mnemonic}: {sentence}");
        return isTrue;
    }

    /// <summary>Proves something at every corner; stops at the first where it does not hold.</summary>
    private bool Everywhere(Func<bool> holds)
    {
        foreach (Corner c in corners)
        {
            corner = c;
            if (!holds())
                return false;
        }
        return true;
    }

    private CornerRegion At(int descriptor) => At(descriptor, corner);

    private CornerRegion At(int descriptor, Corner place)
    {
        Descriptor d = role.Descriptors[descriptor];
        TapeBuffer buffer = role.Buffers[d.Buffer];
        return new(
            buffer,
            place.Resolve(d.Rows),
            place.Resolve(d.Columns),
            place.Resolve(buffer.Rows),
            place.Resolve(buffer.Columns),
            d.Rows.Kind == AxisKind.ExpertRows ? d.Rows.LoopLevel : -1,
            buffer.Columns.Total.Evaluate(place.Sizes)
        );
    }

    private NumberFormat FormatOf(int descriptor) => BufferOf(descriptor).Format;

    private TapeBuffer BufferOf(int descriptor) => role.Buffers[role.Descriptors[descriptor].Buffer];

    private bool Has(int constraint, int descriptor, NumberFormat format, string what) =>
        Holds(constraint, FormatOf(descriptor) == format, $"{what} is {FormatOf(descriptor)}, but it must be {format}");

    private bool SameShape(int constraint, int left, int right, string what) =>
        Everywhere(() =>
        {
            CornerRegion a = At(left);
            CornerRegion b = At(right);
            return Holds(constraint, a.HasShapeOf(b), $"{what} are {a.Shape} and {b.Shape}{Where()}, but they must have the same shape");
        });

    private bool SameRows(int constraint, int left, int right, string what) =>
        Everywhere(() =>
        {
            CornerRegion a = At(left);
            CornerRegion b = At(right);
            return Holds(
                constraint,
                (a.IsEmpty && b.IsEmpty) || a.HasRowsOf(b),
                $"{what} have {a.Rows.Count} and {b.Rows.Count} rows{Where()}, but they must have the same"
            );
        });

    private bool OneColumn(int constraint, int descriptor, string what) =>
        Everywhere(() =>
            Holds(
                constraint,
                At(descriptor).Columns.Count == 1 || At(descriptor).IsEmpty,
                $"{what} has {At(descriptor).Columns.Count} columns, but it must have one"
            )
        );

    private bool WholeColumns(int constraint, int descriptor, string what) =>
        Everywhere(() =>
            Holds(
                constraint,
                At(descriptor).IsEmpty || At(descriptor).IsWhole,
                $"{what} has {At(descriptor).Columns.Count} of {At(descriptor).WholeColumns} columns{Where()}, but all are needed"
            )
        );

    /// <summary>Columns start and end on a group, or at the end of the tensor.</summary>
    private bool WholeGroups(int constraint, int descriptor, string what)
    {
        int group = Math.Max(1, FormatOf(descriptor).GroupSize);
        return Everywhere(() =>
        {
            CornerRegion r = At(descriptor);
            bool isWhole = r.IsEmpty || (r.Columns.Start % group == 0 && (r.Columns.End % group == 0 || r.Columns.End == r.WholeColumns));
            return Holds(
                constraint,
                isWhole,
                $"{what} takes columns {r.Columns.Start} to {r.Columns.End} of {r.WholeColumns}{Where()}, which cuts a group of {group}"
            );
        });
    }

    private string Where() =>
        $" (tokens {corner.Sizes.Tokens}, rank {corner.Rank}, tile {corner.Tile}, loop indices {corner.Loops.Level0}, {corner.Loops.Level1}, {corner.Loops.Level2}, {corner.Loops.Level3})";

    /// <summary>Every region of the instruction lies in what the tile holds; what cannot be written is not.</summary>
    public bool Regions()
    {
        Instruction instruction = role.Instructions[counter];
        bool isRight = true;
        foreach (int d in instruction.Writes)
        {
            TapeBuffer buffer = BufferOf(d);
            isRight &= InRegion(buffer.Kind != BufferKind.Constant, $"'{buffer.Name}' is written, but it is a constant");
        }
        foreach (int d in (int[])[.. instruction.Reads, .. instruction.Writes])
        {
            Descriptor descriptor = role.Descriptors[d];
            TapeBuffer buffer = BufferOf(d);
            isRight &= InRegion(
                instruction is MatMul or Install or Combine || buffer.Space != Space.Array,
                $"'{buffer.Name}' is in an array, which only INSTALL writes and MATMUL reads"
            );
            isRight &= Everywhere(() =>
            {
                long stack0 = Index(descriptor.Stack0);
                long stack1 = Index(descriptor.Stack1);
                CornerRegion r = At(d);
                int group = Math.Max(1, buffer.Format.GroupSize);
                return InRegion(
                        stack0 >= 0 && stack0 < buffer.Stack0 && stack1 >= 0 && stack1 < buffer.Stack1,
                        $"matrix [{stack0}, {stack1}] of '{buffer.Name}' does not exist{Where()}; it is a stack of {buffer.Stack0} × {buffer.Stack1}"
                    )
                    && InRegion(
                        r.IsInside,
                        $"[{r.Rows.Start}…{r.Rows.End}, {r.Columns.Start}…{r.Columns.End}] of '{buffer.Name}' is not inside what the tile holds, [{r.HeldRows.Start}…{r.HeldRows.End}, {r.HeldColumns.Start}…{r.HeldColumns.End}]{Where()}"
                    )
                    && InRegion(
                        r.IsEmpty || r.HeldColumns.Start % group == 0,
                        $"'{buffer.Name}' is held from column {r.HeldColumns.Start} on{Where()}, which cuts a group of {group}"
                    );
            });
        }
        return isRight;
    }

    private long Index(IndexExpression index) => index.Base + (long)index.Step * corner.Loops[index.Level];

    /// <summary>A cache is addressed by page number, whatever the step says: all pages of the envelope are there.</summary>
    private bool AllPages(int descriptor)
    {
        Descriptor d = role.Descriptors[descriptor];
        TapeBuffer buffer = BufferOf(descriptor);
        return InRegion(
            d.Stack1 == default && buffer.Stack1 >= tape.Envelope.Pages,
            $"'{buffer.Name}' has {buffer.Stack1} matrices in its inner stack, but the envelope has {tape.Envelope.Pages} pages, from matrix 0 on"
        );
    }

    private bool Stacked(int constraint, int descriptor, int count, string what) =>
        Holds(constraint, count >= 1 && int.IsPow2(count), $"there are {count} {what}, but it must be a power of two")
        && Everywhere(() =>
        {
            long first = Index(role.Descriptors[descriptor].Stack1);
            return Holds(
                constraint,
                first + count <= BufferOf(descriptor).Stack1,
                $"{what} {first} to {first + count - 1} are read{Where()}, but '{BufferOf(descriptor).Name}' has {BufferOf(descriptor).Stack1}"
            );
        });

    private bool IsRowsOf(int descriptor, Symbol symbol)
    {
        Axis rows = role.Descriptors[descriptor].Rows;
        return rows.Kind == AxisKind.Plain && rows.Total == SizeExpression.Of(symbol);
    }
}
