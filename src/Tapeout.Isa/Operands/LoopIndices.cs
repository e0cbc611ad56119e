namespace Tapeout.Isa;

/// <summary>The values of the four loop index registers.</summary>
/// <param name="Level0">Usually the layer.</param>
/// <param name="Level1">Usually the expert or a chunk of output channels.</param>
/// <param name="Level2">Usually a leaf of the reduction plan.</param>
/// <param name="Level3">Usually a chunk of K inside a leaf.</param>
public readonly record struct LoopIndices(int Level0, int Level1, int Level2, int Level3)
{
    /// <summary>The number of loop levels.</summary>
    public const int Levels = 4;

    /// <summary>The index of a level; 0 for a level that is not one.</summary>
    public int this[int level] =>
        level switch
        {
            0 => Level0,
            1 => Level1,
            2 => Level2,
            3 => Level3,
            _ => 0,
        };

    /// <summary>The same indices but one.</summary>
    public LoopIndices With(int level, int value) =>
        level switch
        {
            0 => this with { Level0 = value },
            1 => this with { Level1 = value },
            2 => this with { Level2 = value },
            3 => this with { Level3 = value },
            _ => this,
        };
}
