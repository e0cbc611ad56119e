namespace Tapeout.Timing;

/// <summary>A group of blocks of a die, modelled and measured, in mm2.</summary>
/// <param name="Group">The group.</param>
/// <param name="Predicted">The model's area.</param>
/// <param name="Measured">The area on the photograph.</param>
public readonly record struct ComparedBlock(AreaGroup Group, decimal Predicted, decimal Measured);
