using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;
using Tapeout.Timing;

namespace Tapeout.Reports.Validation;

internal sealed partial class RowPlanner
{
    private RowPlan? Collective(MeasuredRow row, ChipDescription chip, out string reason)
    {
        reason = "";
        string operation = row.Text("op");
        NumberFormat? format = row.Text("dtype") switch
        {
            "half" or "float16" => NumberFormat.F16,
            "bfloat16" => NumberFormat.BF16,
            "int8" => new NumberFormat(ElementType.I8),
            "float" or "float32" => NumberFormat.F32,
            _ => null,
        };
        int ranks = row.Number("num_gpus");
        long elements = long.TryParse(row.Text("message_size_elements"), out long parsed) ? parsed : 0;
        if (operation is not ("all_gather" or "all_reduce" or "reduce_scatter" or "alltoall"))
            reason = $"the instruction set has no {operation}";
        else if (format is null)
            reason = $"no number format stands for '{row.Text("dtype")}'";
        else if (ranks < 2 || elements < ranks)
            reason = "the message is smaller than the group";
        else if (ranks > 8)
            reason = $"{ranks} GPUs do not share one switched domain of the catalog";
        else if (chip.Links.Count == 0)
            reason = $"the chip {chip.Name} has no links";
        if (reason.Length > 0)
            return null;
        string framework = Framework(row);
        bool byHost = row.Text("stack").Contains("eager", StringComparison.Ordinal);
        long bytes = elements * format!.Value.ElementBits / 8;
        // Messages are laid out in rows of 256 elements, so that sizes stay within whole numbers.
        int columns = (int)Math.Min(256, elements);
        int rows = (int)(elements / columns);
        KernelTape tape = new(chip, ranks, !byHost);
        int whole = tape.Whole(format.Value, rows, columns);
        int part = tape.Whole(format.Value, Math.Max(1, rows / ranks), rows < ranks ? Math.Max(1, columns / ranks) : columns);
        Instruction instruction = operation switch
        {
            "all_reduce" => new Reduce
            {
                Source = whole,
                Destination = whole,
                Group = Group.Ranks,
                Operation = ReduceOperation.SumNodes,
                Algorithm = Isa.CollectiveAlgorithm.Ring,
                LinkClass = 0,
                Engine = Engine.Link,
            },
            "reduce_scatter" => new ReduceScatter
            {
                Source = whole,
                Destination = part,
                Group = Group.Ranks,
                Operation = ReduceOperation.SumNodes,
                Algorithm = Isa.CollectiveAlgorithm.Ring,
                LinkClass = 0,
                Engine = Engine.Link,
            },
            "alltoall" => new AllToAll
            {
                Source = whole,
                Destination = whole,
                Group = Group.Ranks,
                Algorithm = Isa.CollectiveAlgorithm.Direct,
                LinkClass = 0,
                Engine = Engine.Link,
            },
            _ => new Exchange
            {
                Source = part,
                Destination = whole,
                Group = Group.Ranks,
                Algorithm = Isa.CollectiveAlgorithm.Ring,
                LinkClass = 0,
                Engine = Engine.Link,
            },
        };
        // What a library's kernel takes to start is part of the collective; a host that launches pays its own gap.
        if (byHost)
            tape.Kernel(instruction);
        else
            tape.Add(instruction);
        double moved = bytes * (operation == "all_reduce" ? 2.0 : 1.0) * (ranks - 1) / ranks;
        return new()
        {
            Family =
                $"{operation} {row.Text("gpu")} {(framework == "nccl" ? "NCCL" : byHost ? "engines, launched by the host" : "engines")}",
            Shape = $"among {ranks}",
            Chip = chip,
            Software = CollectiveStack(framework, byHost),
            Tape = tape.Build("collective", byHost ? 3 : 1),
            Step = Predictor.StepShape(1, 1, 0, false),
            IsLaunchedByHost = byHost,
            Roofline = moved / (chip.Links[0].Bandwidth.Count * (double)chip.Links[0].Count),
        };
    }

    private SoftwareStack CollectiveStack(string framework, bool byHost)
    {
        string name = framework == "nccl" ? "nccl-h100" : "oneshot-h100";
        if (byHost && _stackNames.Contains($"{framework}-eager"))
            name = $"{framework}-eager";
        if (!_stacks.TryGetValue(name, out SoftwareStack? stack))
            _stacks[name] = stack = SoftwareStack.Load(
                name,
                [.. _overrides.Where(o => o.StartsWith(name + ":", StringComparison.Ordinal)).Select(o => o[(name.Length + 1)..])]
            );
        return stack;
    }
}
