namespace Tapeout.Machine.Fast;

/// <summary>How panels hold a weight.</summary>
internal enum WeightCode
{
    /// <summary>An unsigned byte.</summary>
    Eight,

    /// <summary>Four bits.</summary>
    Four,

    /// <summary>Two bits.</summary>
    Two,

    /// <summary>Binary32.</summary>
    Float,

    /// <summary>Binary16.</summary>
    Half,

    /// <summary>The upper half of a binary32.</summary>
    BrainFloat,
}
