using System.CommandLine;
using Tapeout.Compiler;
using Tapeout.Machine;
using Tapeout.Machine.Fast;
using Tapeout.Machine.Reference;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary>Which machine executes, shared by the verbs that make tokens.</summary>
/// <param name="severalThreads">True for a verb that takes several numbers of threads, one after the other.</param>
internal sealed class MachineOption(bool severalThreads = false)
{
    private readonly Option<MachineKind> kind = new("--machine")
    {
        Description =
            "fast; reference: the definition, slower, with the same bits; both: in lock-step, stops at the first bit that differs.",
        DefaultValueFactory = _ => MachineKind.Fast,
    };

    private readonly Option<int> threads = new("--threads") { Description = "Threads that execute; 0 for one a processor." };

    private readonly Option<int[]> threadCounts = new("--threads")
    {
        Description = "Threads that execute, 0 for one a processor; several for several rows.",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [0],
    };

    private readonly Option<string?> cache = new("--cache")
    {
        Description = "A folder where the fast machine keeps weights as it packs them, for the next start.",
        HelpName = "DIR",
    };

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
        command.Options.Add(severalThreads ? threadCounts : threads);
        command.Options.Add(cache);
    }

    /// <summary>What a command line chose; of several numbers of threads the first.</summary>
    /// <exception cref="InvalidInputException">The threads are negative, or the folder is a file.</exception>
    public Choice Read(ParseResult parsed) => ReadAll(parsed)[0];

    /// <summary>What a command line chose, for each number of threads.</summary>
    /// <exception cref="InvalidInputException">The threads are negative, or the folder is a file.</exception>
    public Choice[] ReadAll(ParseResult parsed)
    {
        string? directory = parsed.GetValue(cache);
        if (directory is "" || File.Exists(directory))
            throw new InvalidInputException($"--cache names '{directory}', which is no folder: name one, it is made if it is not there.");
        int[] counts = severalThreads ? parsed.GetValue(threadCounts)! : [parsed.GetValue(threads)];
        return [.. counts.Select(count => new Choice(parsed.GetValue(kind), CommonOptions.Count(threads.Name, count, 0), directory))];
    }

    /// <summary>A chosen machine.</summary>
    /// <param name="Kind">Which one.</param>
    /// <param name="Threads">Threads that execute; 0 for one a processor.</param>
    /// <param name="CacheDirectory">Where packed weights are kept; null for nowhere.</param>
    public sealed record Choice(MachineKind Kind, int Threads, string? CacheDirectory = null)
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
        /// <param name="compiled">The tape and the weights.</param>
        /// <param name="notes">Takes what a reader should know.</param>
        public IMachine Open(CompilationResult compiled, Action<string> notes)
        {
            if (Kind == MachineKind.Reference)
                return OpenReference(compiled);
            if (Kind == MachineKind.Both)
                return new ComparingMachine(compiled.Tape, compiled.Constants!, Threads);
            FastMachine machine = new(compiled.Tape, compiled.Constants!, Threads, CacheDirectory);
            if (machine.CacheNote.Length > 0)
                notes(machine.CacheNote);
            return machine;
        }

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
