using Tapeout.Chips;
using Tapeout.Isa;
using Barrier = Tapeout.Isa.Barrier;

namespace Tapeout.Timing;

internal sealed partial class InstructionCosts
{
    /// <summary>
    /// What all instructions have in common: operands in SRAM cross a tile's ports; on a chip whose tiles share memory, activations cross the
    /// shared SRAM, or the memory behind it where they are larger than half of it; bytes beside the die are those that are counted as work; a
    /// duration of the chip's file replaces the engine's own.
    /// </summary>
    private InstructionCost Completed(in InstructionInstance instance, InstructionCost cost)
    {
        Instruction instruction = instance.Instruction;
        if (instruction is Launch && _options.Increased == Resource.Launches)
            return cost with { Work = (cost.Work * 100 + 99 + _options.IncreasePercent) / (100 + _options.IncreasePercent) };
        if (instruction is Launch or Barrier or Halt)
            return cost;
        long ports = 0;
        foreach (int operand in _trait.Operands)
        {
            TapeBuffer buffer = _role.Buffers[_role.Descriptors[operand].Buffer];
            if (buffer.Kind == BufferKind.State)
                continue;
            if (buffer.Space == Space.Sram)
                ports += Of(operand).Bytes;
        }
        // The rows of a gathered table are counted where they are gathered.
        if (ports > 0 && instruction is not Gather)
            cost = cost with { SramCycles = cost.SramCycles + SramCycles(ports) };
        (long shared, bool held) = _dynamic ? _work.Activations(instance) : default;
        if (shared > 0 && held && instruction is not MatMul and not Attend)
            cost = cost with { NetworkCycles = cost.NetworkCycles + _chip.SharedSram!.BytesPerCycle.TimeFor(new(shared)).Count };
        if (_chip.Durations.Count > 0 && _chip.Durations.TryGetValue(instruction.Definition.Mnemonic, out DurationOverride? replaced))
        {
            DurationFormula formula = DurationFormula.Parse(instruction.Definition.Mnemonic, replaced.Formula);
            cost = cost with { Issue = 0, Fill = 0, Work = formula.Evaluate(name => SizeOf(instruction, name)), Latency = 0 };
        }
        return _options.Increased is { } increased ? Increased(cost, increased, instruction.Engine) : cost;
    }

    /// <summary>The sizes that a formula of the chip's file may name: of the first operand (rows, columns), of a product (n, k).</summary>
    private long SizeOf(Instruction instruction, string name)
    {
        if (name == "tokens")
            return _step.Tokens.Length;
        if (_trait.Operands.Length == 0)
            return 0;
        Shape first = Of(_trait.Operands[0]);
        Shape second = instruction is MatMul product ? Of(product.W) : first;
        return name switch
        {
            "rows" => first.Rows,
            "columns" => first.Columns,
            "n" => second.Rows,
            "k" => second.Columns,
            "bytes" => second.Bytes,
            _ => first.Elements,
        };
    }

    private InstructionCost Increased(InstructionCost cost, Resource resource, Engine engine)
    {
        int percent = _options.IncreasePercent;
        long Less(long cycles) => (cycles * 100 + 99 + percent) / (100 + percent);
        Resource own = engine switch
        {
            Engine.Matrix => Resource.Matrix,
            Engine.Attention => Resource.Attention,
            Engine.Vector => Resource.Vector,
            Engine.Dma => Resource.Sram,
            _ => Resource.Network,
        };
        return resource switch
        {
            Resource.Issue => cost with { Issue = Less(cost.Issue) },
            Resource.Sram => cost with { SramCycles = Less(cost.SramCycles), Work = own == Resource.Sram ? Less(cost.Work) : cost.Work },
            Resource.Network => cost with { NetworkCycles = Less(cost.NetworkCycles) },
            Resource.Links => cost with { LinkCycles = Less(cost.LinkCycles) },
            Resource.Host => cost with { HostCycles = Less(cost.HostCycles) },
            Resource.Latency => cost with { Latency = Less(cost.Latency) },
            Resource.Launches => cost,
            _ when resource == own => cost with { Work = Less(cost.Work), Fill = Less(cost.Fill) },
            _ => cost,
        };
    }
}
