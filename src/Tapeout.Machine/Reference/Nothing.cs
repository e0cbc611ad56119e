namespace Tapeout.Machine.Reference;

/// <summary>The result of instructions: they have none.</summary>
internal readonly record struct Nothing;
