using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;
using Tapeout.Timing;

namespace Tapeout.Reports.Validation;

internal sealed partial class RowPlanner
{
    /// <summary>Chips of a switched domain where the chip's file names none.</summary>
    private const int CommonDomain = 8;

    private RowPlan? Collective(MeasuredRow row, ChipDescription chip, out string reason)
    {
        reason = "";
        string operation = row.Text("op");
        NumberFormat? format = row.Text("dtype") switch
        {
            "half" or "float16" or "fp16" => NumberFormat.F16,
            "bfloat16" or "bf16" => NumberFormat.BF16,
            "int8" or "uint8" or "fp8" => new NumberFormat(ElementType.I8),
            "float" or "float32" or "fp32" => NumberFormat.F32,
            _ => null,
        };
        int ranks = row.Number("num_gpus");
        long elements = row.LongNumber("message_size_elements");
        int domain = chip.Links.Count == 0 ? 1 : chip.Links[0].Domain ?? CommonDomain;
        if (operation is not ("all_gather" or "all_reduce" or "reduce_scatter" or "alltoall"))
            reason = $"no instruction is the collective '{operation}'";
        else if (format is null)
            reason = $"no number format stands for '{row.Text("dtype")}'";
        else if (ranks < 2 || elements < ranks)
            reason = "the message is smaller than the group";
        else if (chip.Links.Count == 0)
            reason = $"the chip {chip.Name} has no links";
        else if (ranks > domain)
            reason = $"{ranks} GPUs are more than the {domain} that the links of {chip.Name} join";
        else if (elements / 256 > int.MaxValue)
            reason = "the message is longer than a tape's largest matrix";
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
        // A share to every other, twice for an all-reduce, unless the switches add: then the whole message up once, and once down.
        double moved = bytes * (operation == "all_reduce" ? 2.0 : 1.0) * (ranks - 1) / ranks;
        if (operation == "all_reduce" && chip.Links[0].SwitchReduces == true)
            moved = Math.Min(moved, bytes);
        return new()
        {
            Family =
                $"{operation} {row.Text("gpu")} {(framework == "nccl" ? "NCCL" : byHost ? "engines, launched by the host" : "engines")}",
            Shape = $"among {ranks}",
            Chip = chip,
            Software = CollectiveStack(row, byHost),
            Tape = tape.Build("collective", byHost ? 3 : 1),
            Step = Predictor.StepShape(1, 1, 0, false),
            IsLaunchedByHost = byHost,
            Roofline = moved / (chip.Links[0].Bandwidth.Count * (double)chip.Links[0].Count),
        };
    }

    /// <summary>The kernels of the collective library, or of an engine: a row of SGLang may name TensorRT-LLM's.</summary>
    private SoftwareStack CollectiveStack(MeasuredRow row, bool byHost)
    {
        string framework = Framework(row);
        string name =
            framework == "nccl" ? "nccl-h100"
            : row.Text("stack").Contains("trtllm", StringComparison.Ordinal) ? "oneshot-trtllm-h100"
            : "oneshot-h100";
        if (byHost && _stackNames.Contains($"{framework}-eager"))
            name = $"{framework}-eager";
        return Stack(name);
    }
}
