using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Machine.Reference;

/// <content>Exchanges between tiles, ranks and roles. The first member of a group acts for all.</content>
internal sealed partial class Semantics
{
    public Nothing Visit(Exchange instruction)
    {
        (int Rank, int Tile)[] members = MembersIfFirst(instruction.Group);
        foreach ((int rank, int tile) in members)
        {
            MatrixView whole = ViewAt(rank, tile, instruction.Destination);
            foreach ((int fromRank, int fromTile) in members)
            {
                MatrixView part = ViewAt(fromRank, fromTile, instruction.Source);
                if (part.IsEmpty)
                    continue;
                RequireFormat(part, whole);
                if (!whole.Rows.Contains(part.Rows) || !whole.Columns.Contains(part.Columns))
                    throw Fault($"the part of rank {fromRank}, tile {fromTile} is not inside the destination");
                MatrixView.Copy(part, whole.At(part.Rows, part.Columns));
            }
        }
        return default;
    }

    public Nothing Visit(AllToAll instruction)
    {
        (int Rank, int Tile)[] members = MembersIfFirst(instruction.Group);
        foreach ((int rank, int tile) in members)
        {
            MatrixView destination = ViewAt(rank, tile, instruction.Destination);
            long elements = 0;
            foreach ((int fromRank, int fromTile) in members)
            {
                MatrixView held = ViewAt(fromRank, fromTile, instruction.Source);
                MatrixView part = held.At(held.Rows.And(destination.Rows), held.Columns.And(destination.Columns));
                if (part.IsEmpty)
                    continue;
                RequireFormat(part, destination);
                MatrixView.Copy(part, destination.At(part.Rows, part.Columns));
                elements += (long)part.Rows.Count * part.Columns.Count;
            }
            if (elements != (long)destination.Rows.Count * destination.Columns.Count)
                throw Fault($"the parts do not cover the destination of rank {rank}, tile {tile} once");
        }
        return default;
    }

    public Nothing Visit(ReduceScatter instruction)
    {
        (int Rank, int Tile)[] members = MembersIfFirst(instruction.Group);
        if (members.Length == 0)
            return default;
        MatrixView[] sources = [.. members.Select(member => ViewAt(member.Rank, member.Tile, instruction.Source))]; // each [T, C]
        float[] nodes = new float[members.Length];
        foreach ((int rank, int tile) in members)
        {
            MatrixView destination = ViewAt(rank, tile, instruction.Destination);
            if (!sources[0].Rows.Contains(destination.Rows) || !sources[0].Columns.Contains(destination.Columns))
                throw Fault($"the destination of rank {rank}, tile {tile} is not inside the source");
            int first = destination.Columns.Start - sources[0].Columns.Start;
            for (int row = destination.Rows.Start; row < destination.Rows.End; row++)
            {
                for (int c = 0; c < destination.Columns.Count; c++)
                {
                    if (instruction.Operation == ReduceOperation.SumIntegers)
                    {
                        int sum = 0;
                        foreach (MatrixView source in sources)
                            sum += source.Integers(row)[first + c];
                        destination.Integers(row)[c] = sum;
                        continue;
                    }
                    for (int member = 0; member < nodes.Length; member++)
                        nodes[member] = sources[member].Floats(row)[first + c];
                    destination.Floats(row)[c] = instruction.Operation == ReduceOperation.Maximum ? LargestOf(nodes) : Sums.FoldTree(nodes);
                }
            }
        }
        return default;
    }

    public Nothing Visit(Reduce instruction)
    {
        (int Rank, int Tile)[] members = MembersIfFirst(instruction.Group);
        if (members.Length == 0)
            return default;
        MatrixView[] sources = [.. members.Select(member => ViewAt(member.Rank, member.Tile, instruction.Source))]; // each [T, C]
        MatrixView[] destinations = [.. members.Select(member => ViewAt(member.Rank, member.Tile, instruction.Destination))];
        if (sources[0].IsEmpty)
            return default;
        for (int member = 0; member < members.Length; member++)
        {
            RequireShape(sources[0], sources[member]);
            RequireShape(sources[0], destinations[member]);
        }
        int columns = sources[0].Columns.Count;
        float[] nodes = new float[members.Length];
        float[] floats = new float[columns];
        int[] integers = new int[columns];
        for (int i = 0; i < sources[0].Rows.Count; i++)
        {
            for (int c = 0; c < columns; c++)
            {
                if (instruction.Operation == ReduceOperation.SumIntegers)
                {
                    integers[c] = 0;
                    foreach (MatrixView source in sources)
                        integers[c] += source.Integers(source.Rows.Start + i)[c];
                    continue;
                }
                for (int member = 0; member < nodes.Length; member++)
                    nodes[member] = sources[member].Floats(sources[member].Rows.Start + i)[c];
                floats[c] = instruction.Operation == ReduceOperation.Maximum ? LargestOf(nodes) : Sums.FoldTree(nodes);
            }
            foreach (MatrixView destination in destinations)
            {
                if (instruction.Operation == ReduceOperation.SumIntegers)
                    integers.CopyTo(destination.Integers(destination.Rows.Start + i));
                else
                    floats.CopyTo(destination.Floats(destination.Rows.Start + i));
            }
        }
        return default;
    }

    public unsafe Nothing Visit(Send instruction)
    {
        MatrixView source = View(instruction.Source); // [R, C]
        TensorLayout layout = new(source.Format, source.Rows.Count, source.Columns.Count);
        byte[] bytes = new byte[Math.Max(1, layout.Bytes)];
        if (!source.IsEmpty)
        {
            fixed (byte* target = bytes)
                MatrixView.Copy(source, MatrixView.Over(layout, target));
        }
        machine.Channel(instruction.Channel, point.Rank, instruction.Tiles.First + point.Tile).Enqueue(new(layout, bytes));
        return default;
    }

    public unsafe Nothing Visit(Receive instruction)
    {
        MatrixView destination = View(instruction.Destination); // [R, C]
        Parcel parcel = machine.Channel(instruction.Channel, point.Rank, instruction.Tiles.First + point.Tile).Dequeue();
        if (destination.IsEmpty && (parcel.Layout.Rows == 0 || parcel.Layout.Columns == 0))
            return default;
        fixed (byte* source = parcel.Bytes)
            CopyWhole(MatrixView.Over(parcel.Layout, source), destination);
        return default;
    }

    /// <summary>The members of the group, by rank and then tile, if this is the first of them; none otherwise.</summary>
    private (int Rank, int Tile)[] MembersIfFirst(Group group)
    {
        int tiles = point.Instance.Instruction.Tiles.Count;
        int ranks = point.Role.Ranks;
        return group switch
        {
            Group.Tiles when point.Tile == 0 => [.. Enumerable.Range(0, tiles).Select(tile => (point.Rank, tile))],
            Group.Ranks when point.Rank == 0 => [.. Enumerable.Range(0, ranks).Select(rank => (rank, point.Tile))],
            Group.All when point.Rank == 0 && point.Tile == 0 =>
            [
                .. Enumerable.Range(0, ranks).SelectMany(_ => Enumerable.Range(0, tiles), (rank, tile) => (rank, tile)),
            ],
            _ => [],
        };
    }

    private static float LargestOf(ReadOnlySpan<float> values)
    {
        float largest = values[0];
        foreach (float value in values)
            largest = value > largest ? value : largest;
        return largest;
    }
}
