using Tapeout.Chips;
using Tapeout.Isa;

namespace Tapeout.Timing;

/// <summary>What of an instruction's cost does not depend on the step: found once a role.</summary>
internal sealed class InstructionTraits
{
    private readonly HashSet<(int Operand, bool IsWrite)> _inCore = [];
    private int _levels;

    /// <summary>Numbers of the descriptors read and written.</summary>
    public required int[] Operands { get; init; }

    /// <summary>True if shapes depend on the tokens of an expert.</summary>
    public bool ReadsCounts { get; private set; }

    /// <summary>True if shapes depend on the tokens of an expert, or on whether it has any.</summary>
    public bool DependsOnExperts { get; private set; }

    /// <summary>For a LAUNCH: the loop over experts whose iterations are one grouped kernel; −1 for none.</summary>
    public int GroupLevel { get; private set; } = -1;

    /// <summary>For a LAUNCH: true if its kernel has neither a product nor attention.</summary>
    public bool IsElementwise { get; private set; } = true;

    /// <summary>True for a product whose kernel takes all experts together.</summary>
    public bool Grouped => ReadsCounts || KernelProducts > 1;

    /// <summary>The thread-block tile that the LAUNCH of the instruction's kernel asks for; none for one row or no launch.</summary>
    public BlockTile? Tile { get; private set; }

    /// <summary>Products of the kernel that the instruction belongs to.</summary>
    public int KernelProducts { get; private set; } = 1;

    /// <summary>True between the instruction that sorts rows by expert and the one that mixes their results.</summary>
    public bool IsSortedByExpert { get; private set; }

    /// <summary>For a LAUNCH: true if the software stack runs its kernel in the launch before.</summary>
    public bool IsFused { get; internal set; }

    /// <summary>For a LAUNCH: the loop whose later iterations run its kernel in the last launch of the iteration before; −1 for none.</summary>
    public int FusedLevel { get; private set; } = -1;

    /// <summary>The instructions that one launch runs together with this one, in the order of the stream; empty where it has its launch alone.</summary>
    public IReadOnlyList<int> Together { get; internal set; } = [];

    /// <summary>True if this execution of a LAUNCH starts nothing of its own: its kernel belongs to the launch before.</summary>
    public bool Joins(LoopIndices loops) => IsFused || GroupLevel >= 0 && loops[GroupLevel] > 0 || FusedLevel >= 0 && loops[FusedLevel] > 0;

    /// <summary>True if an operand passes from instruction to instruction of one launch without leaving the core.</summary>
    public bool StaysInCore(int operand, bool isWrite) => _inCore.Contains((operand, isWrite));

    /// <summary>True if a shape depends on the loop of this level.</summary>
    public bool DependsOn(int level) => (_levels & (1 << level)) != 0;

    /// <summary>The traits of all instructions of a role.</summary>
    /// <param name="role">The role.</param>
    /// <param name="software">The software whose fused kernels run in one launch; none: each kernel in its own.</param>
    public static InstructionTraits[] Of(Role role, SoftwareStack? software = null)
    {
        InstructionTraits[] traits = Unfused(role);
        if (software is { Fusions.Count: > 0 })
            KernelFusion.Apply(role, traits, software.Fusions);
        return traits;
    }

    /// <summary>Lets a kernel run in the launch before it, in iterations of a loop after the first.</summary>
    internal void FuseAcross(int level)
    {
        FusedLevel = level;
        _levels |= 1 << level;
    }

    /// <summary>Keeps an operand within the core.</summary>
    internal void KeepInCore(int operand, bool isWrite) => _inCore.Add((operand, isWrite));

    private static InstructionTraits[] Unfused(Role role)
    {
        InstructionTraits[] result = new InstructionTraits[role.Instructions.Length];
        bool isSorted = false;
        for (int pc = 0; pc < result.Length; pc++)
        {
            isSorted = role.Instructions[pc] is Permute || (isSorted && role.Instructions[pc] is not Mix);
            Instruction instruction = role.Instructions[pc];
            InstructionTraits traits = new() { Operands = [.. instruction.Reads.Union(instruction.Writes)], IsSortedByExpert = isSorted };
            foreach (int operand in traits.Operands)
            {
                Descriptor d = role.Descriptors[operand];
                traits.Note(d.Rows);
                traits.Note(d.Columns);
            }
            result[pc] = traits;
        }
        for (int pc = 0; pc < result.Length; pc++)
        {
            if (role.Instructions[pc] is not Launch launch)
                continue;
            int last = Math.Min(result.Length - 1, pc + launch.Length);
            int products = 0;
            for (int i = pc + 1; i <= last; i++)
            {
                if (role.Instructions[i] is MatMul)
                    products++;
                if (role.Instructions[i] is MatMul or Attend or Exchange or Reduce or AllToAll or ReduceScatter)
                    result[pc].IsElementwise = false;
                if (result[i].ReadsCounts)
                {
                    result[pc].GroupLevel = role.Descriptors[((IEnumerable<int>)result[i].Operands).First(o => IsExpert(role, o))]
                        .Rows
                        .LoopLevel;
                    result[pc]._levels |= 1 << result[pc].GroupLevel;
                }
            }
            for (int i = pc + 1; i <= last; i++)
            {
                result[i].KernelProducts = Math.Max(1, products);
                if (launch.BlockRows > 1)
                    result[i].Tile = new(launch.BlockRows, launch.BlockColumns, launch.BlockDepth);
            }
        }
        return result;
    }

    private static bool IsExpert(Role role, int descriptor) => role.Descriptors[descriptor].Rows.Kind == AxisKind.ExpertRows;

    private void Note(Axis axis)
    {
        if (axis.Kind == AxisKind.ExpertRows)
            ReadsCounts = true;
        if (axis.Kind != AxisKind.Plain)
            DependsOnExperts = true;
        if (axis.LoopStep > 0)
            _levels |= 1 << axis.LoopLevel;
        if (axis.InnerStep > 0)
            _levels |= 1 << axis.InnerLevel;
    }
}
