using System.Globalization;
using System.Text;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Models.Graphs;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Compiler;

/// <summary>Compiles a model to the tape of a chip: graph, quantise, partition, tile, schedule, emit.</summary>
public static class Compilation
{
    /// <summary>The names of the stages that can be dumped.</summary>
    public static IReadOnlyList<string> Stages { get; } = ["graph", "quantise", "partition", "tile", "schedule"];

    /// <summary>Compiles a model.</summary>
    /// <exception cref="InvalidInputException">The chip cannot honour the numerics, or the model does not fit; all reasons are named.</exception>
    public static CompilationResult Compile(Model model, CompilationOptions options)
    {
        ChipDescription chip = options.Chip;
        QuantisationRecipe recipe = QuantisationFormats.Find(options.Format, options.KvFormat);
        if (options.Chips is < 1 or > 1024)
            throw new InvalidInputException($"{options.Chips} chips cannot share a layer: use 1 to 1024.");
        Envelope envelope = EnvelopeOf(model, options);
        ModelGraph graph = model.BuildGraph();
        options.Progress?.Invoke($"fixing formats of {model.Name} for {recipe.Name}");
        QuantisedModel quantised = new(model, graph, recipe, options.Keep);
        CheckNumerics(chip, quantised, graph);

        Mapping mapping = new()
        {
            Chip = chip,
            Ranks = options.Chips,
            Parallelism = options.Parallelism,
            Envelope = envelope,
            Candidates = options.Candidates,
            Resident = new HashSet<string>(),
        };
        (RoleBuilder builder, Dictionary<Space, long> used, mapping) = Place(graph, quantised, mapping);
        Role role = builder.Build("decoder", chip.Name, chip.Hash, options.Chips);
        Require("partition", PartitionVerifier.Verify(graph, quantised.FormatOf, role.Buffers, role.Ranks, role.Tiles, mapping.Bounds));
        Require("tile", TileVerifier.Verify(role, mapping.Bounds));
        Role scheduled = DependencyScheduler.Schedule(role, mapping.Bounds);
        Require("schedule", ScheduleVerifier.Verify(role, scheduled));
        Tape tape = new()
        {
            IsaVersion = InstructionTable.Version,
            IsaHash = InstructionTable.Hash,
            Model = model.Name,
            ModelHash = quantised.Hash,
            Format = CompilationOptions.NameOf(recipe.Name, options.Keep),
            Envelope = envelope,
            Origins = [.. builder.Origins],
            Roles = [scheduled],
        };
        Verifier.VerifyOrThrow(tape, new ChipCapabilities(chip));
        TapeBuffer[] weights = [.. scheduled.Buffers.Where(b => b.Kind == BufferKind.Constant)];
        CompilationReport report = new()
        {
            SramBytesPerTile = used.GetValueOrDefault(Space.Sram),
            DramBytesPerChip = used.GetValueOrDefault(Space.Dram),
            RomBytesPerChip = used.GetValueOrDefault(Space.Rom),
            KvBytes = scheduled.Buffers.Where(b => b.Kind == BufferKind.State).Sum(b => b.Bytes(mapping.Bounds)),
            ResidentTensors = weights.Where(b => b.Space == Space.Sram).Sum(b => b.Stack0),
            StreamedTensors = weights.Where(b => b.Space == Space.Dram).Sum(b => b.Stack0),
            Notes = quantised.Notes,
        };
        Dictionary<string, Func<string>> dumps = new()
        {
            ["graph"] = graph.Dump,
            ["quantise"] = quantised.Dump,
            ["partition"] = () => DumpBuffers(scheduled, mapping),
            ["tile"] = () => DumpInstructions(role, tape),
            ["schedule"] = () => DumpInstructions(scheduled, tape),
        };
        return new(tape, options.Weights && !model.IsShapeOnly ? quantised : null, report, dumps);
    }

    /// <summary>
    /// Compiles for the most tokens a step whose activations fit the chip: halved from <see cref="CompilationOptions.MaxTokensPerStep"/> down to the most
    /// sequences. Weights are not touched by what does not fit.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="options">Afterwards with the tokens a step that fit.</param>
    /// <exception cref="InvalidInputException">As for <see cref="Compile"/>, about the smallest step.</exception>
    public static CompilationResult CompileLargestStep(Model model, ref CompilationOptions options)
    {
        while (true)
        {
            try
            {
                return Compile(model, options);
            }
            catch (InvalidInputException) when (options.MaxTokensPerStep / 2 >= options.MaxSequences)
            {
                options = options with { MaxTokensPerStep = options.MaxTokensPerStep / 2 };
            }
        }
    }

    /// <summary>A stage that breaks its promise is a defect of the compiler, not of the input.</summary>
    private static void Require(string stage, IReadOnlyList<string> problems)
    {
        if (problems.Count > 0)
            throw new InvalidOperationException(
                $"the stage '{stage}' of the compiler broke a promise: {string.Join("; ", problems.Take(5))}"
            );
    }

    private static Envelope EnvelopeOf(Model model, CompilationOptions options)
    {
        int context = options.ContextLength > 0 ? options.ContextLength : model.Configuration.ContextLength;
        if (options.MaxSequences < 1 || options.MaxTokensPerStep < 1)
            throw new InvalidInputException("A step needs room for at least one sequence and one token.");
        int tokens = Math.Max(options.MaxTokensPerStep, options.MaxSequences);
        int pages = options.MaxSequences * ((context + Envelope.PageSize - 1) / Envelope.PageSize);
        int rows = options.MaxLogitRows > 0 ? options.MaxLogitRows : options.MaxSequences;
        return new(options.MaxSequences, tokens, context, pages, Math.Min(rows, tokens));
    }

    private static void CheckNumerics(ChipDescription chip, QuantisedModel quantised, ModelGraph graph)
    {
        List<string> problems = [];
        HashSet<NumberFormat> refused = [];
        foreach (GraphNode node in graph.Nodes.Where(n => n is not (NormNode or EmbedNode)))
        {
            foreach (WeightReference weight in node.Weights)
            {
                NumberFormat format = quantised.FormatOf(weight.Name);
                NumberFormat activation = quantised.ActivationOf(weight.Name);
                if (!ProductRule.TryFor(format, activation, weight.Columns, out _, out string reason))
                    problems.Add($"Tensor '{weight.Name}': {reason}");
                else if (!chip.Accepts(format, activation) && refused.Add(format))
                {
                    problems.Add(
                        $"Chip '{chip.Name}' does not multiply {format} weights by {activation} activations, which tensor '{weight.Name}' needs; it accepts {Accepted(chip)}: choose another --format or --chip."
                    );
                }
            }
        }
        if (!chip.AcceptsKv(quantised.Recipe.Kv))
        {
            problems.Add(
                $"Chip '{chip.Name}' does not hold a KV cache in {quantised.Recipe.Kv}; it accepts {string.Join(", ", chip.Numerics.KvCache)}: choose another --kv-format."
            );
        }
        if (problems.Count > 0)
            throw new InvalidInputException([.. problems.Take(10)]);
    }

    private static string Accepted(ChipDescription chip) =>
        string.Join("; ", chip.Numerics.Products.Select(p => $"{string.Join(", ", p.Weights)} × {string.Join(", ", p.Activations)}"));

    /// <summary>Lowers with as many weights in SRAM as fit, the smallest tensors first; the rest is streamed from DRAM.</summary>
    private static (RoleBuilder, Dictionary<Space, long>, Mapping) Place(ModelGraph graph, QuantisedModel quantised, Mapping mapping)
    {
        long capacity = mapping.Chip.Sram.Capacity.Count;
        bool choosable = mapping.HasDram && !mapping.HasRom && !mapping.IsShared;
        if (choosable)
            mapping = mapping with { Resident = new HashSet<string>(AllWeights(graph)) };
        (RoleBuilder builder, Dictionary<Space, long> used) = LowerAndAllocate(graph, quantised, mapping);
        if (choosable && used.GetValueOrDefault(Space.Sram) > capacity)
        {
            (string Tensor, long Bytes)[] sizes =
            [
                .. builder
                    .Buffers.Where(b => b.Kind == BufferKind.Constant && b.Space == Space.Sram && mapping.Resident.Contains(b.Tensor))
                    .Select(b => (b.Tensor, b.Bytes(mapping.Bounds)))
                    .OrderBy(b => b.Item2)
                    .ThenBy(b => b.Tensor, StringComparer.Ordinal),
            ];
            Mapping streamed = mapping with { Resident = new HashSet<string>() };
            (builder, used) = LowerAndAllocate(graph, quantised, streamed);
            long free = capacity - used.GetValueOrDefault(Space.Sram);
            HashSet<string> resident = [];
            foreach ((string tensor, long bytes) in sizes)
            {
                if (bytes + 64 > free)
                    break;
                resident.Add(tensor);
                free -= bytes + 64;
            }
            mapping = streamed;
            if (resident.Count > 0)
            {
                mapping = streamed with { Resident = resident };
                (builder, used) = LowerAndAllocate(graph, quantised, mapping);
            }
        }
        CheckCapacity(mapping, quantised, used);
        return (builder, used, mapping);
    }

    private static IEnumerable<string> AllWeights(ModelGraph graph)
    {
        foreach (GraphNode node in graph.Nodes)
        {
            foreach (WeightReference weight in node.Weights)
            {
                yield return weight.Name;
                if (node.Layer >= 0)
                    yield return weight.Name.Replace(
                        $".{node.Layer.ToString(CultureInfo.InvariantCulture)}.",
                        ".{0}.",
                        StringComparison.Ordinal
                    );
            }
        }
    }

    private static (RoleBuilder Builder, Dictionary<Space, long> Used) LowerAndAllocate(
        ModelGraph graph,
        QuantisedModel quantised,
        Mapping mapping
    )
    {
        RoleBuilder builder = Lowering.Lower(graph, quantised, mapping);
        return (builder, BufferAllocator.Allocate(builder, mapping.Bounds));
    }

    private static void CheckCapacity(Mapping mapping, QuantisedModel quantised, Dictionary<Space, long> used)
    {
        List<string> problems = [];
        string subject =
            $"{quantised.Model.Name} in {quantised.Recipe.Name} with room for {mapping.Envelope.Sequences} × {mapping.Envelope.Context} positions, {mapping.Envelope.Tokens} tokens a step, on {mapping.Ranks} × '{mapping.Chip.Name}'";
        void Check(Space space, long capacity, string what)
        {
            long need = used.GetValueOrDefault(space);
            if (need > capacity)
            {
                problems.Add(
                    $"{subject} needs {Readable(need)} of {what}, but there are {Readable(capacity)}: use more chips (--chips), a smaller format, a shorter context (--context) or fewer tokens a step."
                );
            }
        }
        Check(Space.Sram, mapping.Chip.Sram.Capacity.Count, "SRAM per tile");
        Check(Space.Dram, mapping.Chip.TotalMemory.Count, "memory per chip");
        Check(Space.Rom, mapping.Chip.TotalRom.Count, "ROM per chip");
        if (problems.Count > 0)
            throw new InvalidInputException(problems);
    }

    private static string Readable(long bytes) =>
        bytes < 1048576
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.##} KiB")
            : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:0.##} MiB");

    private static string DumpBuffers(Role role, Mapping mapping)
    {
        StringBuilder text = new($"partition {role.Chip} ranks={role.Ranks} tiles={role.Tiles}\n");
        foreach (TapeBuffer b in role.Buffers)
            text.Append(
                $"  {b.Space, -5} {b.Address, 12} {b.Bytes(mapping.Bounds), 12}  {b.Kind, -10} {b.Format, -14} {b.Name} [{b.Stack0}, {b.Stack1}, {b.Rows}, {b.Columns}]{(b.Slots > 1 ? $" slots={b.Slots}" : "")}\n"
            );
        return text.ToString();
    }

    private static string DumpInstructions(Role role, Tape tape)
    {
        StringBuilder text = new();
        int depth = 0;
        for (int pc = 0; pc < role.Instructions.Length; pc++)
        {
            Instruction instruction = role.Instructions[pc];
            if (instruction is End)
                depth--;
            Origin origin = tape.Origins[instruction.Origin];
            text.Append($"{pc, 5} {new string(' ', 2 * depth)}{instruction.Definition.Mnemonic} {instruction.Engine}");
            foreach (int d in instruction.Reads)
                text.Append(' ').Append(role.Buffers[role.Descriptors[d].Buffer].Name);
            text.Append(" ->");
            foreach (int d in instruction.Writes)
                text.Append(' ').Append(role.Buffers[role.Descriptors[d].Buffer].Name);
            if (!instruction.Waits.IsEmpty)
                text.Append(" wait=").AppendJoin(',', instruction.Waits);
            if (!instruction.Signals.IsEmpty)
                text.Append(" signal=").AppendJoin(',', instruction.Signals);
            text.Append(" ; ").Append(origin.Operator).Append('\n');
            if (instruction is Loop)
                depth++;
        }
        return text.ToString();
    }
}
