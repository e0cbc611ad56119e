namespace Tapeout.Isa;

/// <summary>A page to be copied before the step's tokens are processed.</summary>
/// <param name="From">The page that is read.</param>
/// <param name="To">The page that is written.</param>
public readonly record struct PageCopyRow(int From, int To);
