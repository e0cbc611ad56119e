namespace Tapeout.Isa;

/// <content>Loops, launches, movement of data.</content>
internal sealed partial class InstructionConstraints
{
    // LOOP, END and HALT are proved with the structure, before anything is unrolled.
    public bool Visit(Loop instruction) => true;

    public bool Visit(End instruction) => true;

    public bool Visit(Halt instruction) => true;

    public bool Visit(Launch instruction)
    {
        int[] enclosing = loops.Enclosing[counter];
        int end = enclosing.Length == 0 ? role.Instructions.Length - 1 : Sequencer.EndOf(role, enclosing[^1]);
        bool isBlock =
            instruction is { BlockRows: >= 1, BlockColumns: >= 1, BlockDepth: >= 1, Stages: >= 1, BlocksPerCore: >= 1, SplitK: 1 };
        return Holds(1, chips is null || chips.IsDynamic, $"the chip '{role.Chip}' has a static schedule, but launches need a dynamic one")
            & Holds(
                2,
                instruction.Length >= 0 && (long)counter + instruction.Length < end,
                $"the kernel has {instruction.Length} instructions, but {end - counter - 1} are left before the loop or the role ends"
            )
            & Holds(3, isBlock, "a block size, the stages or the blocks per core are below 1, or SplitK is not 1");
    }

    public bool Visit(Barrier instruction) =>
        Holds(1, !instruction.Waits.IsEmpty || !instruction.Signals.IsEmpty, "it neither waits for a token nor signals one");

    public bool Visit(Copy instruction) =>
        Holds(
            1,
            FormatOf(instruction.Source) == FormatOf(instruction.Destination),
            $"source and destination are {FormatOf(instruction.Source)} and {FormatOf(instruction.Destination)}, but a copy converts nothing"
        )
        & SameShape(1, instruction.Source, instruction.Destination, "source and destination")
        & WholeGroups(2, instruction.Source, "the source")
        & WholeGroups(2, instruction.Destination, "the destination");

    public bool Visit(Gather instruction)
    {
        Symbol symbol = instruction.Rows == RowSource.TokenIds ? Symbol.Tokens : Symbol.LogitRows;
        return Has(1, instruction.Destination, Numerics.NumberFormat.F32, "the destination")
            & Holds(
                2,
                IsRowsOf(instruction.Destination, symbol),
                $"the destination's rows are {role.Descriptors[instruction.Destination].Rows}, but {instruction.Rows} needs {symbol}"
            )
            & Holds(
                4,
                instruction.Rows == RowSource.TokenIds
                    ? instruction.Ids >= 0
                        && role.Buffers[role.Descriptors[instruction.Ids].Buffer].Format == Numerics.NumberFormat.I32
                        && role.Descriptors[instruction.Ids] is { Columns: var columns, Rows: var rows }
                        && columns == new Axis(1)
                        && rows == role.Descriptors[instruction.Destination].Rows
                    : instruction.Ids < 0,
                $"{instruction.Rows} has {(instruction.Ids < 0 ? "no identifiers" : "identifiers that are not i32 with one column and the destination's rows")}"
            )
            & Everywhere(() =>
            {
                CornerRegion table = At(instruction.Table);
                CornerRegion destination = At(instruction.Destination);
                return Holds(
                    3,
                    destination.IsEmpty || table.Columns == destination.Columns,
                    $"the table's columns are {table.Columns.Start} to {table.Columns.End}{Where()}, the destination's {destination.Columns.Start} to {destination.Columns.End}"
                );
            });
    }

    public bool Visit(KvAppend instruction)
    {
        int width = instruction.HeadDimension;
        return Has(1, instruction.Source, Numerics.NumberFormat.F32, "the source")
            & AllPages(instruction.Cache)
            & InRegion(IsRowsOf(instruction.Source, Symbol.Tokens), "the source's rows are not tokens, so that they have no positions")
            & (
                Holds(2, width >= 1, $"HeadDimension is {width}, but it must be positive")
                && Everywhere(() =>
                {
                    CornerRegion source = At(instruction.Source);
                    CornerRegion cache = At(instruction.Cache);
                    if (source.IsEmpty || cache.IsEmpty)
                        return true;
                    return Holds(
                            2,
                            cache.Columns.Count == width
                                && cache.Rows.Count % Envelope.PageSize == 0
                                && cache.Rows.Start % Envelope.PageSize == 0,
                            $"the cache's part is {cache.Shape}{Where()}, but it must be whole heads of 64 rows and {width} columns"
                        )
                        && Holds(
                            3,
                            source.Columns.Count == (long)cache.Rows.Count / Envelope.PageSize * width,
                            $"the source has {source.Columns.Count} columns for {cache.Rows.Count / Envelope.PageSize} heads of {width}{Where()}"
                        );
                })
            );
    }

    public bool Visit(PageCopy instruction) =>
        Holds(
            1,
            BufferOf(instruction.Cache).Kind == BufferKind.State,
            $"'{BufferOf(instruction.Cache).Name}' is {BufferOf(instruction.Cache).Kind}, but pages are copied in states"
        ) && AllPages(instruction.Cache);
}
