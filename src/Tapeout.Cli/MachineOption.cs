using Tapeout.Compiler;
using Tapeout.Machine.Reference;

namespace Tapeout.Cli;

/// <summary>Which machine executes, shared by the verbs that make tokens.</summary>
internal sealed class MachineOption
{
    /// <summary>What the host's figures call the machine.</summary>
    public const string Name = "reference machine";

    /// <summary>A machine that holds the compiled model.</summary>
    public ReferenceMachine Open(CompilationResult compiled) => new(compiled.Tape, compiled.Constants!);
}
