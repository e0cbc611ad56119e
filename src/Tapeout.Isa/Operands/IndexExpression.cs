namespace Tapeout.Isa;

/// <summary>An index into a stack of matrices (layer, expert): Base + Step · loop index.</summary>
/// <param name="Base">The value without a loop.</param>
/// <param name="Step">What one iteration adds; 0 without a loop.</param>
/// <param name="Level">The loop level, 0 to 3.</param>
public readonly record struct IndexExpression(int Base, int Step = 0, int Level = 0)
{
    /// <summary>The index of loop <paramref name="level"/> itself, plus a base.</summary>
    public static IndexExpression Loop(int level, int @base = 0) => new(@base, 1, level);

    /// <summary>The value for given loop indices.</summary>
    public int Evaluate(in LoopIndices loops) => checked(Base + Step * loops[Level]);

    /// <summary>As in assembly: <c>3</c>, <c>3+1*L0</c>.</summary>
    public override string ToString() => Step == 0 ? $"{Base}" : $"{Base}+{Step}*L{Level}";
}
