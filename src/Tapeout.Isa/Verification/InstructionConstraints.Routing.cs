using Tapeout.Numerics;

namespace Tapeout.Isa;

/// <content>Mixtures of experts, attention, exchanges, the host link.</content>
internal sealed partial class InstructionConstraints
{
    public bool Visit(Route instruction)
    {
        int k = instruction.Count;
        return Has(1, instruction.Logits, NumberFormat.F32, "Logits")
            & Has(1, instruction.Gates, NumberFormat.F32, "Gates")
            & Has(1, instruction.Ids, NumberFormat.I32, "Ids")
            & Has(1, instruction.Permutation, NumberFormat.I32, "Permutation")
            & Everywhere(() =>
            {
                CornerRegion logits = At(instruction.Logits);
                CornerRegion gates = At(instruction.Gates);
                CornerRegion ids = At(instruction.Ids);
                CornerRegion permutation = At(instruction.Permutation);
                bool isRight =
                    gates.HasRowsOf(logits)
                    && gates.Columns.Count == k
                    && ids.HasShapeOf(gates)
                    && permutation.Columns.Count == 1
                    && permutation.Rows.Count == (long)logits.Rows.Count * k;
                return Holds(
                        2,
                        isRight,
                        $"for logits of {logits.Shape} and k = {k} gates are {gates.Shape}, ids {ids.Shape} and the permutation {permutation.Shape}{Where()}"
                    ) & Holds(3, k >= 1 && k <= logits.Columns.Count, $"k is {k} of {logits.Columns.Count} experts");
            })
            & InRegion(
                tape.Origins[instruction.Origin].FirstLayer >= 0,
                "its operator belongs to no layer, so that its counts could not be found"
            );
    }

    public bool Visit(Permute instruction) =>
        Holds(
            1,
            FormatOf(instruction.Source) == FormatOf(instruction.Destination),
            $"source and destination are {FormatOf(instruction.Source)} and {FormatOf(instruction.Destination)}, but they must have the same format"
        )
        & InRegion(FormatOf(instruction.Permutation) == NumberFormat.I32, "the permutation is not i32")
        & Everywhere(() =>
        {
            CornerRegion source = At(instruction.Source);
            CornerRegion permutation = At(instruction.Permutation);
            CornerRegion destination = At(instruction.Destination);
            long rows = (long)source.Rows.Count * instruction.Count;
            return Holds(
                    1,
                    source.Columns == destination.Columns,
                    $"source and destination have {source.Columns.Count} and {destination.Columns.Count} columns{Where()}, or different ones"
                )
                & Holds(
                    2,
                    instruction.Count >= 1
                        && permutation.Rows.Count == rows
                        && destination.Rows.Count == rows
                        && permutation.Columns.Count == 1,
                    $"permutation and destination have {permutation.Rows.Count} and {destination.Rows.Count} rows{Where()}, but {rows} are needed"
                );
        });

    public bool Visit(Mix instruction) =>
        Has(1, instruction.Source, NumberFormat.F32, "the source")
        & Has(1, instruction.Gates, NumberFormat.F32, "Gates")
        & Has(1, instruction.Destination, NumberFormat.F32, "the destination")
        & Has(1, instruction.Permutation, NumberFormat.I32, "Permutation")
        & Everywhere(() =>
        {
            CornerRegion source = At(instruction.Source);
            CornerRegion destination = At(instruction.Destination);
            CornerRegion gates = At(instruction.Gates);
            CornerRegion permutation = At(instruction.Permutation);
            int k = instruction.Count;
            long rows = (long)destination.Rows.Count * k;
            return Holds(
                    2,
                    source.Columns == destination.Columns && k >= 1 && source.Rows.Count == rows,
                    $"the source is {source.Shape} and the destination {destination.Shape}{Where()} with k = {k}"
                )
                & InRegion(
                    gates.HasRowsOf(destination)
                        && gates.Columns.Count == k
                        && permutation.Rows.Count == rows
                        && permutation.Columns.Count == 1,
                    $"gates are {gates.Shape} and the permutation {permutation.Shape}{Where()} with k = {k}"
                );
        });

    public bool Visit(Attend instruction)
    {
        int d = instruction.HeadDimension;
        bool isPartial = instruction.Result == AttentionResult.Partial;
        NumberFormat keys = FormatOf(instruction.Keys);
        NumberFormat values = FormatOf(instruction.Values);
        bool isRight =
            Has(1, instruction.Query, NumberFormat.F32, "the query")
            & Has(1, instruction.Destination, NumberFormat.F32, "the destination")
            & AllPages(instruction.Keys)
            & AllPages(instruction.Values)
            & InRegion(IsRowsOf(instruction.Query, Symbol.Tokens), "the query's rows are not tokens, so that they have no sequence")
            & Holds(
                5,
                chips is null || (chips.AcceptsKv(keys) && chips.AcceptsKv(values)),
                $"the chip does not attend over keys in {keys} and values in {values}"
            )
            & Holds(
                3,
                instruction.GroupSize >= 1 && d is >= 1 and <= 1 << 16,
                $"GroupSize is {instruction.GroupSize} and HeadDimension {d}"
            )
            & Everywhere(() =>
            {
                int blocks = instruction.BlockCount;
                long first = Index(instruction.FirstBlock);
                bool isNode =
                    blocks == 0 || (blocks > 0 && int.IsPow2(blocks) && first >= 0 && first % blocks == 0 && first <= int.MaxValue);
                return Holds(
                    4,
                    !isPartial || isNode,
                    $"blocks {first} to {first + blocks} are no node: their number must be a power of two that divides the first"
                );
            });
        return isRight && Everywhere(() => AttendShapes(instruction, d, isPartial ? d + 2 : d));
    }

    private bool AttendShapes(Attend instruction, int d, int width)
    {
        CornerRegion query = At(instruction.Query);
        if (query.IsEmpty)
            return true;
        CornerRegion destination = At(instruction.Destination);
        if (!Heads(3, query, d))
            return false;
        int first = query.Columns.Start / d;
        int heads = query.Columns.Count / d;
        bool isRight = Holds(
            1,
            destination.HasRowsOf(query) && destination.Columns.Count == (long)heads * width,
            $"the destination is {destination.Shape}{Where()}, but {query.Rows.Count} × {heads} heads of {width} are made"
        );
        foreach (int cache in (int[])[instruction.Keys, instruction.Values])
        {
            CornerRegion held = At(cache);
            long lowest = (long)first / instruction.GroupSize * Envelope.PageSize;
            long highest = ((long)first + heads - 1) / instruction.GroupSize * Envelope.PageSize + Envelope.PageSize;
            isRight &= Holds(
                2,
                held.Columns.Count == d
                    && held.Rows.Count % Envelope.PageSize == 0
                    && held.Rows.Start <= lowest
                    && held.Rows.End >= highest,
                $"'{held.Buffer.Name}' is read as {held.Shape} from row {held.Rows.Start} on{Where()}, but query heads {first} to {first + heads - 1} need rows {lowest} to {highest} and {d} columns"
            );
        }
        return isRight;
    }

    public bool Visit(Merge instruction)
    {
        int d = instruction.HeadDimension;
        return BothFloat(1, instruction.Partials, instruction.Destination)
            & Stacked(2, instruction.Partials, instruction.Count, "partial results")
            & (
                Holds(1, d is >= 1 and <= 1 << 16, $"HeadDimension is {d}")
                && Everywhere(() =>
                {
                    CornerRegion partial = At(instruction.Partials);
                    CornerRegion destination = At(instruction.Destination);
                    bool isRight =
                        destination.IsEmpty
                        || (
                            destination.Columns.Count % d == 0
                            && partial.Columns.Count == (long)destination.Columns.Count / d * (d + 2)
                            && partial.HasRowsOf(destination)
                        );
                    return Holds(1, isRight, $"partials of {partial.Shape} do not belong to a destination of {destination.Shape}{Where()}");
                })
            );
    }

    private bool GroupEngine(int constraint, Group group)
    {
        Engine engine = role.Instructions[counter].Engine;
        Engine needed = group == Group.Tiles ? Engine.Network : Engine.Link;
        return Holds(constraint, engine == needed, $"it is given to engine {engine}, but an exchange between {group} needs {needed}");
    }

    private IEnumerable<Corner> Members(Group group) =>
        corners
            .Where(c =>
                c.Sizes == corner.Sizes
                && c.Loops == corner.Loops
                && c.Expert == corner.Expert
                && (group != Group.Tiles || c.Rank == corner.Rank)
                && (group != Group.Ranks || c.Tile == corner.Tile)
            )
            .Take(64);

    public bool Visit(Exchange instruction) =>
        Holds(
            1,
            FormatOf(instruction.Source) == FormatOf(instruction.Destination),
            $"source and destination are {FormatOf(instruction.Source)} and {FormatOf(instruction.Destination)}, but they must have the same format"
        )
        & Everywhere(() =>
        {
            CornerRegion whole = At(instruction.Destination);
            foreach (Corner member in Members(instruction.Group))
            {
                CornerRegion part = At(instruction.Source, member);
                bool isInside = part.IsEmpty || (whole.Rows.Contains(part.Rows) && whole.Columns.Contains(part.Columns));
                if (
                    !Holds(
                        2,
                        isInside,
                        $"the part of rank {member.Rank}, tile {member.Tile} has rows {part.Rows.Start} to {part.Rows.End} and columns {part.Columns.Start} to {part.Columns.End}, but the destination is {whole.Shape} from row {whole.Rows.Start}, column {whole.Columns.Start} on{Where()}"
                    )
                )
                    return false;
            }
            return true;
        })
        & GroupEngine(3, instruction.Group);

    public bool Visit(AllToAll instruction) =>
        Holds(
            1,
            FormatOf(instruction.Source) == FormatOf(instruction.Destination),
            $"source and destination are {FormatOf(instruction.Source)} and {FormatOf(instruction.Destination)}, but they must have the same format"
        )
        & Everywhere(() =>
        {
            CornerRegion whole = At(instruction.Destination);
            (int Top, int Left, int Bottom, int Right) parts = (int.MaxValue, int.MaxValue, 0, 0);
            foreach (Corner member in Members(instruction.Group))
            {
                CornerRegion part = At(instruction.Source, member);
                if (part.IsEmpty)
                    continue;
                parts = (
                    Math.Min(parts.Top, part.Rows.Start),
                    Math.Min(parts.Left, part.Columns.Start),
                    Math.Max(parts.Bottom, part.Rows.End),
                    Math.Max(parts.Right, part.Columns.End)
                );
            }
            // First and last members are among the corners: their parts bound what all parts can cover. Holes show when it runs.
            bool isCovered =
                whole.IsEmpty
                || (
                    parts.Top <= whole.Rows.Start
                    && parts.Left <= whole.Columns.Start
                    && parts.Bottom >= whole.Rows.End
                    && parts.Right >= whole.Columns.End
                );
            return Holds(
                2,
                isCovered,
                $"the destination is {whole.Shape} from row {whole.Rows.Start}, column {whole.Columns.Start} on, which the parts of all members do not cover{Where()}"
            );
        })
        & GroupEngine(3, instruction.Group);

    public bool Visit(ReduceScatter instruction)
    {
        NumberFormat format = FormatOf(instruction.Source);
        return Holds(
                1,
                format == FormatOf(instruction.Destination),
                $"source and destination are {format} and {FormatOf(instruction.Destination)}, but they must have the same format"
            )
            & Holds(
                1,
                role.Descriptors[instruction.Source].Buffer != role.Descriptors[instruction.Destination].Buffer,
                "the result is left in the buffer that others still read"
            )
            & Everywhere(() =>
            {
                CornerRegion source = At(instruction.Source);
                foreach (Corner member in Members(instruction.Group))
                {
                    CornerRegion part = At(instruction.Destination, member);
                    bool isInside = part.IsEmpty || (source.Rows.Contains(part.Rows) && source.Columns.Contains(part.Columns));
                    if (
                        !Holds(
                            1,
                            isInside && source.HasShapeOf(At(instruction.Source, member)),
                            $"the part of rank {member.Rank}, tile {member.Tile} has rows {part.Rows.Start} to {part.Rows.End} and columns {part.Columns.Start} to {part.Columns.End}, but the source is {source.Shape} from row {source.Rows.Start}, column {source.Columns.Start} on{Where()}"
                        )
                    )
                        return false;
                }
                return true;
            })
            & Adds(instruction.Operation, instruction.Algorithm, instruction.Group, instruction.Tiles, format)
            & GroupEngine(4, instruction.Group);
    }

    public bool Visit(Reduce instruction)
    {
        NumberFormat format = FormatOf(instruction.Source);
        return Holds(
                1,
                format == FormatOf(instruction.Destination),
                $"source and destination are {format} and {FormatOf(instruction.Destination)}, but they must have the same format"
            )
            & Everywhere(() =>
            {
                CornerRegion source = At(instruction.Source);
                foreach (Corner member in Members(instruction.Group))
                {
                    CornerRegion other = At(instruction.Source, member);
                    CornerRegion destination = At(instruction.Destination, member);
                    bool isSame = source.HasShapeOf(other) && source.HasShapeOf(destination);
                    if (
                        !Holds(
                            1,
                            isSame,
                            $"the source is {source.Shape}, but {other.Shape} at rank {member.Rank}, tile {member.Tile}, and the destination {destination.Shape}{Where()}"
                        )
                    )
                        return false;
                }
                return true;
            })
            & Adds(instruction.Operation, instruction.Algorithm, instruction.Group, instruction.Tiles, format)
            & GroupEngine(4, instruction.Group);
    }

    /// <summary>Constraints 2 and 3 of what adds up: numbers that can be added, and a tree that the members form.</summary>
    private bool Adds(ReduceOperation operation, CollectiveAlgorithm algorithm, Group group, TileGroup tiles, NumberFormat format)
    {
        NumberFormat needed = operation == ReduceOperation.SumIntegers ? NumberFormat.I32 : NumberFormat.F32;
        long members = group switch
        {
            Group.Tiles => tiles.Count,
            Group.Ranks => role.Ranks,
            _ => (long)tiles.Count * role.Ranks,
        };
        bool isTree = algorithm is not (CollectiveAlgorithm.Ring or CollectiveAlgorithm.Multicast);
        return Holds(2, format == needed, $"{operation} is asked for of {format}, but it needs {needed}")
            & Holds(
                3,
                operation != ReduceOperation.SumNodes || (isTree && members > 0 && long.IsPow2(members)),
                $"nodes of {members} members are added by {algorithm}, but the tree needs a power of two of members and direct, butterfly, tree or in-network"
            );
    }

    // SEND and RECV are proved over all roles, see ChannelCheck.
    public bool Visit(Send instruction) => true;

    public bool Visit(Receive instruction) => true;

    public bool Visit(HostOut instruction)
    {
        bool isLogits = instruction.Data == HostData.Logits;
        return Has(1, instruction.Source, isLogits ? NumberFormat.F32 : NumberFormat.I32, $"the source of {instruction.Data}")
            & (isLogits || OneColumn(1, instruction.Source, "the source of identifiers"))
            & Holds(
                2,
                IsRowsOf(instruction.Source, Symbol.LogitRows),
                $"the rows are {role.Descriptors[instruction.Source].Rows}, but they must be the step's rows of logits"
            );
    }

    public bool Visit(HostIn instruction) =>
        Has(1, instruction.Destination, NumberFormat.I32, "the destination")
        & OneColumn(1, instruction.Destination, "the destination")
        & Holds(
            1,
            IsRowsOf(instruction.Destination, Symbol.Tokens),
            $"the rows are {role.Descriptors[instruction.Destination].Rows}, but they must be the step's tokens"
        )
        & Holds(2, instruction.Data == HostData.TokenIds, $"{instruction.Data} does not come from the host, only TokenIds do");
}
