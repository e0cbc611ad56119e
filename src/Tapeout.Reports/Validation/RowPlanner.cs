using Tapeout.Chips;
using Tapeout.Numerics;

namespace Tapeout.Reports.Validation;

/// <summary>Turns rows into programs, or says why a row cannot be one.</summary>
internal sealed partial class RowPlanner
{
    private readonly Dictionary<string, ChipDescription> _chips = [];
    private readonly Dictionary<string, SoftwareStack> _stacks = [];
    private readonly IReadOnlyList<string> _stackNames = ChipCatalog.Names(CatalogFolder.Software);
    private readonly IReadOnlyList<string> _overrides;

    public RowPlanner(IReadOnlyList<string> softwareOverrides)
    {
        _overrides = softwareOverrides;
        EndToEnd = new(Stack);
    }

    /// <summary>Rows of whole models.</summary>
    public EndToEndPlanner EndToEnd { get; }

    /// <summary>The program of a row, or the reason why there is none.</summary>
    public RowPlan? Plan(MeasuredRow row, out string reason)
    {
        reason = "";
        if (row.Has("block") && row.Has("area_mm2"))
            reason = "die areas are not times";
        else if (!row.Has("latency_ms"))
            reason = "the file has no column latency_ms";
        else if (!row.States("latency_ms"))
            reason = "the row states no time";
        else if (MeasuredGpu.ChipOf(row.Text("gpu")) is not { } chipName)
            reason = row.Text("gpu").Length == 0 ? "the row names no GPU" : $"the catalog has no chip for the GPU '{row.Text("gpu")}'";
        else if (row.Has("num_gpus"))
            return Collective(row, Chip(chipName), out reason);
        else if (row.Has("experts"))
            return Experts(row, Chip(chipName), out reason);
        else if (row.Has("kv_heads"))
            return Attention(row, Chip(chipName), out reason);
        else if (row.Has("m") && row.Has("n") && row.Has("k"))
            return Product(row, Chip(chipName), out reason);
        else
            reason = "the columns are those of no family that is known here";
        return null;
    }

    private ChipDescription Chip(string name)
    {
        if (!_chips.TryGetValue(name, out ChipDescription? chip))
            _chips[name] = chip = ChipReader.Load(name);
        return chip;
    }

    /// <summary>
    /// The stack of the catalog for a chip and a framework: its own, or one fitted on the same chip or generation. Chips of the same die share
    /// a stack, since only memory differs.
    /// </summary>
    private SoftwareStack Stack(ChipDescription chip, string framework)
    {
        // Multicast between thread blocks divides the generations that were measured; four-bit floats have come with the next one.
        string generation =
            chip.Matrix.FormatFor(ElementType.I4, ElementType.I4)?.Floats is not null ? "b200"
            : chip.Network.Multicast ? "h100"
            : "a100";
        return Stack(new[] { $"{framework}-{generation}", $"trtllm-{generation}", "trtllm-h100" }.First(_stackNames.Contains));
    }

    /// <summary>The same for a row of kernels: its tape has the kernels that were measured, each with its launch, so that nothing more is fused.</summary>
    private SoftwareStack Kernels(ChipDescription chip, string framework) => Stack(chip, framework) with { Fusions = [] };

    private SoftwareStack Stack(string name)
    {
        if (!_stacks.TryGetValue(name, out SoftwareStack? stack))
            _stacks[name] = stack = SoftwareStack.Load(
                name,
                [.. _overrides.Where(o => o.StartsWith(name + ":", StringComparison.Ordinal)).Select(o => o[(name.Length + 1)..])]
            );
        return stack;
    }

    /// <summary>The framework of a row in lower case: "TRTLLM 1.0" is trtllm; empty where it states none.</summary>
    private static string Framework(MeasuredRow row) =>
        row.Text("stack").Trim().Split(' ')[0].ToLowerInvariant() switch
        {
            "tensorrt-llm" or "tensorrtllm" or "tensorrt_llm" or "trt-llm" => "trtllm",
            "none" => "",
            string name => name,
        };

    private static string FrameworkLabel(MeasuredRow row) => Framework(row) is { Length: > 0 } name ? " " + name : "";

    private static double MemoryBandwidth(ChipDescription chip) => chip.Memory.Sum(m => (double)m.Bandwidth.Count);

    private static double PeakMacs(ChipDescription chip, ElementType weight, ElementType activation) =>
        (chip.Matrix.MacsFor(weight, activation) ?? chip.Matrix.MacsFor(activation, activation) ?? chip.Vector.Operations).Count
        * (double)chip.Tiles.Count
        * chip.Clock.Count;
}
