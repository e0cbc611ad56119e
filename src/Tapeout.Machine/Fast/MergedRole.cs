using System.Collections.Immutable;
using Tapeout.Isa;

namespace Tapeout.Machine.Fast;

/// <summary>A role whose tiles are one: the same values from fewer, larger instructions.</summary>
/// <param name="Role">The role with one tile, without tokens, barriers and launches.</param>
/// <param name="Sources">For each of its instructions the program counter of the instruction whose result it leaves.</param>
internal sealed record MergedRole(Role Role, ImmutableArray<int> Sources);
