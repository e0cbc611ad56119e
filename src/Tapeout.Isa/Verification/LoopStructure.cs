namespace Tapeout.Isa;

/// <summary>Which loops enclose each instruction of a role whose loops are closed.</summary>
/// <param name="Enclosing">For each instruction the positions of the LOOPs around it, outermost first.</param>
internal sealed record LoopStructure(int[][] Enclosing)
{
    public static LoopStructure Of(Role role)
    {
        int[][] enclosing = new int[role.Instructions.Length][];
        int[] open = [];
        for (int pc = 0; pc < enclosing.Length; pc++)
        {
            if (role.Instructions[pc] is End)
                open = open[..^1];
            enclosing[pc] = open;
            if (role.Instructions[pc] is Loop)
                open = [.. open, pc];
        }
        return new(enclosing);
    }

    /// <summary>Executions of an instruction in one step of the given sizes.</summary>
    public long Executions(Role role, int programCounter, in StepSizes sizes, int iterationLimit = int.MaxValue)
    {
        long count = 1;
        foreach (int loop in Enclosing[programCounter])
            count *= Math.Clamp(((Loop)role.Instructions[loop]).Count.Evaluate(sizes), 0, iterationLimit);
        return count;
    }
}
