using Tapeout.Chips;
using Tapeout.Isa;

namespace Tapeout.Timing;

/// <summary>
/// Finds the kernels of a role that a software stack runs as one launch. The tape stays what it is: a fused kernel has no launch of its own, and
/// what passes between instructions of one launch in the same tile's hands is neither written to the shared SRAM or the memory nor read again.
/// </summary>
internal static class KernelFusion
{
    /// <summary>A kernel, or a collective outside of kernels: what it does, where its LAUNCH stands (−1 for none), its instructions.</summary>
    private sealed record Kernel(FusedOperation? Operation, int Launch, IReadOnlyList<int> Instructions);

    /// <summary>Marks what is fused.</summary>
    public static void Apply(Role role, InstructionTraits[] traits, IReadOnlyList<FusionDescription> fusions)
    {
        // Stretches between loops' edges and what no fusion names; a loop's body is one or several.
        foreach ((List<Kernel> kernels, int level) in Stretches(role))
        {
            List<List<Kernel>> runs = Runs(role, kernels, fusions);
            foreach (List<Kernel> run in runs.Where(r => r.Count > 1))
                Fuse(role, traits, run);
            // The last run of a loop's body and the first of its next iteration.
            if (
                level >= 0
                && runs.Count > 1
                && runs[0][0].Launch >= 0
                && fusions.Any(f => Length(role, [.. runs[^1], .. runs[0]], 0, f) == runs[^1].Count + runs[0].Count)
            )
                traits[runs[0][0].Launch].FuseAcross(level);
        }
    }

    private static void Fuse(Role role, InstructionTraits[] traits, List<Kernel> run)
    {
        foreach (Kernel kernel in run.Skip(1).Where(k => k.Launch >= 0))
            traits[kernel.Launch].IsFused = true;
        int[] members = [.. run.SelectMany(k => k.Instructions)];
        foreach (int member in members)
            traits[member].Together = members;
        HashSet<(int Buffer, IndexExpression, IndexExpression, Axis, Axis)> passed = [];
        foreach (int member in members)
        {
            Instruction instruction = role.Instructions[member];
            foreach (int operand in instruction.Reads)
            {
                if (passed.Contains(Region(role, operand)))
                    traits[member].KeepInCore(operand, false);
            }
            foreach (int operand in instruction.Writes)
            {
                int buffer = role.Descriptors[operand].Buffer;
                List<(int Reader, int Operand)> readers =
                [
                    .. role
                        .Instructions.Select((other, at) => (other, at))
                        .SelectMany(o => o.other.Reads.Where(r => role.Descriptors[r].Buffer == buffer).Select(r => (o.at, r))),
                ];
                // What only later instructions of the launch read, part by part as it was written, is never stored.
                if (
                    role.Buffers[buffer].Kind == BufferKind.Activation
                    && readers.Count > 0
                    && readers.All(r => r.Reader > member && members.Contains(r.Reader) && Region(role, r.Operand) == Region(role, operand))
                )
                    traits[member].KeepInCore(operand, true);
            }
            foreach (int operand in instruction.Reads.Concat(instruction.Writes))
                passed.Add(Region(role, operand));
        }
    }

    private static (int, IndexExpression, IndexExpression, Axis, Axis) Region(Role role, int operand)
    {
        Descriptor d = role.Descriptors[operand];
        return (d.Buffer, d.Stack0, d.Stack1, d.Rows, d.Columns);
    }

    /// <summary>The kernels of a stretch in launches: from each the longest run that a fusion takes.</summary>
    private static List<List<Kernel>> Runs(Role role, List<Kernel> kernels, IReadOnlyList<FusionDescription> fusions)
    {
        List<List<Kernel>> runs = [];
        for (int at = 0; at < kernels.Count; at += runs[^1].Count)
            runs.Add(kernels.GetRange(at, Math.Max(1, fusions.Max(f => Length(role, kernels, at, f)))));
        return runs;
    }

    /// <summary>How many kernels from one on follow the fusion's order.</summary>
    private static int Length(Role role, List<Kernel> kernels, int from, FusionDescription fusion)
    {
        int place = 0;
        int length = 0;
        while (from + length < kernels.Count)
        {
            Kernel kernel = kernels[from + length];
            int found = -1;
            for (int p = place; p < fusion.Operations.Count && found < 0; p++)
            {
                if (fusion.Operations[p] == kernel.Operation)
                    found = p;
            }
            if (found < 0)
                break;
            // Products are one where they multiply the same activations; a collective is no part of what stands before it.
            if (
                kernel.Operation == FusedOperation.Product
                && length > 0
                && kernels[from + length - 1].Operation == FusedOperation.Product
                && !SharesActivations(role, kernels[from + length - 1], kernel)
            )
                break;
            if (kernel.Operation == FusedOperation.Collective && length > 0)
                break;
            place = found;
            length++;
        }
        return length;
    }

    private static bool SharesActivations(Role role, Kernel before, Kernel kernel) =>
        role.Instructions[before.Instructions[^1]] is MatMul first
        && role.Instructions[kernel.Instructions[0]] is MatMul second
        && Region(role, first.X) == Region(role, second.X);

    /// <summary>Kernels without a loop's edge, a barrier or another instruction outside of kernels between them; the loop whose body they are alone.</summary>
    private static List<(List<Kernel> Kernels, int Level)> Stretches(Role role)
    {
        List<(List<Kernel>, int)> stretches = [];
        List<Kernel> open = [];
        int opened = -1;
        void Close(int level)
        {
            if (open.Count > 0)
                stretches.Add((open, level));
            (open, opened) = ([], -1);
        }
        for (int pc = 0; pc < role.Instructions.Length; pc++)
        {
            switch (role.Instructions[pc])
            {
                case Launch launch:
                    int last = Math.Min(role.Instructions.Length - 1, pc + launch.Length);
                    int[] members = [.. Enumerable.Range(pc + 1, last - pc)];
                    FusedOperation?[] operations = [.. members.Select(m => OperationOf(role.Instructions[m])).Distinct()];
                    open.Add(new(operations.Length == 1 ? operations[0] : null, pc, members));
                    pc = last;
                    break;
                case Exchange or Reduce or AllToAll or ReduceScatter:
                    open.Add(new(FusedOperation.Collective, -1, [pc]));
                    break;
                case Loop loop:
                    Close(-1);
                    opened = loop.Level;
                    break;
                case End:
                    Close(opened);
                    break;
                default:
                    Close(-1);
                    break;
            }
        }
        Close(-1);
        return stretches;
    }

    private static FusedOperation? OperationOf(Instruction instruction) =>
        instruction switch
        {
            Exchange or Reduce or AllToAll or ReduceScatter => FusedOperation.Collective,
            Binary { Function: BinaryFunction.Add } => FusedOperation.Add,
            NormSum or Norm => FusedOperation.Norm,
            MatMul => FusedOperation.Product,
            Rotate => FusedOperation.Rotate,
            KvAppend => FusedOperation.Append,
            Attend => FusedOperation.Attention,
            Unary or Binary => FusedOperation.Activation,
            AbsMax or Quantise => FusedOperation.Quantise,
            _ => null,
        };
}
