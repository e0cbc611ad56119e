using System.Runtime.CompilerServices;
using Tapeout.Isa;

namespace Tapeout.Machine.Reference;

/// <summary>
/// The operands of a stream as they were found in an earlier step of the same sizes: where an operand lies follows from sizes and loops, unless it is rows of
/// an expert. For roles of one tile a rank.
/// </summary>
internal sealed class ViewTable
{
    private readonly Entry[] _entries;

    // Of each instance, its first entry; of all ranks, one after the other.
    private readonly int[] _first;
    private readonly int _instances;

    private ViewTable(int instances, int[] first, Entry[] entries)
    {
        _instances = instances;
        _first = first;
        _entries = entries;
    }

    /// <summary>An empty table; null for roles of several tiles.</summary>
    /// <param name="role">The role.</param>
    /// <param name="instances">Its stream, unrolled for the sizes of some steps.</param>
    public static ViewTable? For(Role role, InstructionInstance[] instances)
    {
        if (role.Tiles != 1)
            return null;
        int[] first = new int[instances.Length * role.Ranks + 1];
        List<Entry> entries = [];
        for (int rank = 0; rank < role.Ranks; rank++)
        {
            for (int i = 0; i < instances.Length; i++)
            {
                Instruction instruction = instances[i].Instruction;
                foreach (int descriptor in instruction.Reads.Union(instruction.Writes))
                {
                    if (IsFixed(role, role.Descriptors[descriptor]))
                        entries.Add(new() { Descriptor = descriptor });
                }
                first[rank * instances.Length + i + 1] = entries.Count;
            }
        }
        return new(instances.Length, first, [.. entries]);
    }

    /// <summary>The place of an operand; a null reference if it has none.</summary>
    public ref Entry Find(in ExecutionPoint point, int descriptor)
    {
        int at = point.Rank * _instances + point.Instance.Index;
        for (int i = _first[at]; i < _first[at + 1]; i++)
        {
            if (_entries[i].Descriptor == descriptor)
                return ref _entries[i];
        }
        return ref Unsafe.NullRef<Entry>();
    }

    private static bool IsFixed(Role role, in Descriptor described)
    {
        TapeBuffer buffer = role.Buffers[described.Buffer];
        return described.Rows.Kind == AxisKind.Plain
            && described.Columns.Kind == AxisKind.Plain
            && buffer.Rows.Kind == AxisKind.Plain
            && buffer.Columns.Kind == AxisKind.Plain;
    }

    /// <summary>An operand of an instance.</summary>
    public struct Entry
    {
        public int Descriptor;
        public bool IsFound;
        public MatrixView View;
    }
}
