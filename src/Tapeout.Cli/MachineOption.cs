using System.CommandLine;
using Tapeout.Compiler;
using Tapeout.Machine;
using Tapeout.Machine.Fast;
using Tapeout.Machine.Reference;

namespace Tapeout.Cli;

/// <summary>Which machine executes, shared by the verbs that make tokens.</summary>
internal sealed class MachineOption
{
    private readonly Option<MachineKind> kind = new("--machine")
    {
        Description =
            "fast; reference: the definition, slower, with the same bits; both: in lock-step, stops at the first bit that differs.",
        DefaultValueFactory = _ => MachineKind.Fast,
    };

    private readonly Option<int> threads = new("--threads") { Description = "Threads that execute; 0 for one a processor." };

    /// <summary>A choice of <c>--machine</c>.</summary>
    public enum MachineKind
    {
        Fast,
        Reference,
        Both,
    }

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(kind);
        command.Options.Add(threads);
    }

    /// <summary>What a command line chose.</summary>
    public Choice Read(ParseResult parsed) => new(parsed.GetValue(kind), CommonOptions.Count(threads.Name, parsed.GetValue(threads), 0));

    /// <summary>A chosen machine.</summary>
    /// <param name="Kind">Which one.</param>
    /// <param name="Threads">Threads that execute; 0 for one a processor.</param>
    public sealed record Choice(MachineKind Kind, int Threads)
    {
        /// <summary>What the host's figures call the machine.</summary>
        public string Name =>
            Kind switch
            {
                MachineKind.Fast => "fast machine",
                MachineKind.Reference => "reference machine",
                _ => "both machines in lock-step",
            };

        /// <summary>A machine that holds the compiled model.</summary>
        public IMachine Open(CompilationResult compiled) =>
            Kind switch
            {
                MachineKind.Fast => new FastMachine(compiled.Tape, compiled.Constants!, Threads),
                MachineKind.Reference => OpenReference(compiled),
                _ => new ComparingMachine(compiled.Tape, compiled.Constants!, Threads),
            };

        /// <summary>The reference machine, for whoever looks into its memories.</summary>
        public ReferenceMachine OpenReference(CompilationResult compiled)
        {
            ReferenceMachine machine = new(compiled.Tape, compiled.Constants!);
            if (Threads > 0)
                machine.Threads = Threads;
            return machine;
        }
    }
}
