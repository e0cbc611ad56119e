using Tapeout.Chips;
using Tapeout.Isa;

namespace Tapeout.Compiler;

/// <summary>
/// How axes are divided over chips and tiles, and where things live. Output channels are divided evenly over ranks and tiles; attention by
/// KV heads over ranks and by heads over tiles; on a dynamic chip, whose tiles share memory, row-wise operators are divided by tokens.
/// </summary>
internal sealed record Mapping
{
    public required ChipDescription Chip { get; init; }

    public required int Ranks { get; init; }

    public required TensorParallelism Parallelism { get; init; }

    public required Envelope Envelope { get; init; }

    public required int Candidates { get; init; }

    /// <summary>Names of weight tensors (layer as {0}) that stay in SRAM.</summary>
    public required IReadOnlySet<string> Resident { get; init; }

    public int Tiles => Chip.Tiles.Count;

    /// <summary>Tiles share one memory: activations need no exchange between tiles.</summary>
    public bool IsShared => Chip.Execution.Style == ExecutionStyle.Dynamic;

    public bool HasDram => Chip.Memory.Count > 0;

    public bool HasRom => Chip.Rom is not null;

    public bool InstallsExplicitly => Chip.Matrix.ExplicitInstall;

    /// <summary>Where activations live.</summary>
    public Space ActivationSpace => IsShared ? Space.Dram : Space.Sram;

    /// <summary>Where the KV cache lives: memory beside the die where there is any, else SRAM.</summary>
    public Space KvSpace => HasDram ? Space.Dram : Space.Sram;

    /// <summary>Sizes at the bounds of the envelope.</summary>
    public StepSizes Bounds => Envelope.Bounds;

    public static Axis Tokens => new(SizeExpression.Of(Symbol.Tokens));

    public static Axis LogitRows => new(SizeExpression.Of(Symbol.LogitRows));

    /// <summary>Columns divided over ranks and tiles in multiples of <paramref name="align"/>.</summary>
    public Axis Split(int columns, int align)
    {
        int perRank = Ranks > 1 ? RoundUp(Divide(columns, Ranks), align) : columns;
        return new(columns) { RankStep = Ranks > 1 ? perRank : 0, TileStep = Tiles > 1 ? RoundUp(Divide(perRank, Tiles), align) : 0 };
    }

    /// <summary>Columns divided over tiles only.</summary>
    public Axis SplitTiles(int columns, int align) => new(columns) { TileStep = Tiles > 1 ? RoundUp(Divide(columns, Tiles), align) : 0 };

    /// <summary>The same columns as a buffer holds them: in shared memory the tiles' parts lie together.</summary>
    public Axis Held(Axis axis, Space space) => space is Space.Dram or Space.Rom ? axis with { TileStep = 0 } : axis;

    /// <summary>Rows of a row-wise operator: divided over tiles where they share memory.</summary>
    public Axis RowWise(Axis rows) => IsShared && Tiles > 1 ? rows with { TileStep = Divide(rows.Capacity(Bounds), Tiles) } : rows;

    /// <summary>KV heads of a rank.</summary>
    public int KvHeadsPerRank(int kvHeads) => Divide(kvHeads, Ranks);

    public static int Divide(int value, int parts) => (value + parts - 1) / parts;

    public static int RoundUp(int value, int align) => Divide(value, align) * align;
}
