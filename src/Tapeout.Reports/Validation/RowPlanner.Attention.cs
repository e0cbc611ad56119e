using System.Collections.Immutable;
using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Reports.Validation;

internal sealed partial class RowPlanner
{
    /// <summary>Head dimension of the attention rows, which have no column for it.</summary>
    private const int HeadDimension = 128;

    private const int MostSequences = 1 << 20;
    private const int MostTokens = 1 << 26;

    private RowPlan? Attention(MeasuredRow row, ChipDescription chip, out string reason)
    {
        reason = "";
        NumberFormat query = AttentionFormat(row.Text("attn_dtype"));
        NumberFormat cache = AttentionFormat(row.Text("kv_dtype"));
        (int batch, int isl, int step) = (row.Number("batch"), row.Number("isl"), row.Number("step_or_prefix"));
        (int heads, int kvHeads) = (row.Number("heads"), row.Number("kv_heads"));
        int dimension = row.Text("head_dim").Length > 0 ? row.Number("head_dim") : HeadDimension;
        if (query.Element == ElementType.None || cache.Element == ElementType.None)
            reason = $"no number format stands for '{row.Text("attn_dtype")}' or '{row.Text("kv_dtype")}'";
        else if (
            row.Text("attn_dtype").StartsWith("fp8", StringComparison.Ordinal)
            && chip.Matrix.FormatFor(query.Element, query.Element)?.Floats is null
        )
            reason = $"the chip {chip.Name} multiplies no '{row.Text("attn_dtype")}'";
        else if (batch == 0 || heads == 0 || kvHeads == 0 || heads % kvHeads != 0)
            reason = $"{heads} heads do not divide into groups of {kvHeads} KV heads";
        else if (isl == 0 || dimension == 0)
            reason = "a size is 0";
        else if (batch > MostSequences || (long)batch * isl > MostTokens)
            reason = "the step has more sequences or tokens than are timed here";
        if (reason.Length > 0)
            return null;
        bool decode = isl == 1 && step > 0;
        int fresh = decode ? 1 : isl;
        int window = row.Text("window").Length > 0 ? row.Number("window") : 0;
        ImmutableArray<SequenceRow>.Builder sequences = ImmutableArray.CreateBuilder<SequenceRow>(batch);
        for (int s = 0; s < batch; s++)
            sequences.Add(new(s * fresh, fresh, step, []));
        int tokens = checked(batch * fresh);
        KernelTape tape = new(chip);
        if (!decode)
        {
            // Before the attention of a prompt, kernels add biases and rotate, and write keys and values to the cache; with an eight-bit cache the
            // queries are quantised too.
            Pass(tape, NumberFormat.BF16, NumberFormat.BF16, tokens, (heads + kvHeads) * dimension);
            Pass(tape, NumberFormat.BF16, cache, tokens, 2 * kvHeads * dimension);
            if (cache.ElementBits <= 8)
                Pass(tape, NumberFormat.BF16, cache, tokens, heads * dimension);
        }
        int keys = tape.Whole(cache, kvHeads * Envelope.PageSize, dimension, BufferKind.State);
        int values = HasOneCache(row) ? keys : tape.Whole(cache, kvHeads * Envelope.PageSize, dimension, BufferKind.State);
        tape.Kernel(
            new Attend
            {
                Query = tape.Whole(query, tokens, heads * dimension),
                Keys = keys,
                Values = values,
                Destination = tape.Whole(NumberFormat.BF16, tokens, heads * dimension),
                HeadDimension = dimension,
                GroupSize = heads / kvHeads,
                Scale = 1,
                Window = window,
                Softcap = 0,
                Result = AttentionResult.Final,
                FirstBlock = new(0),
                BlockCount = 0,
            }
        );
        // With a window no query sees more positions than it; a prompt's first queries see fewer.
        double mean = Math.Min(step + (fresh + 1) / 2.0, window > 0 ? window : double.MaxValue);
        double visible = (double)batch * fresh * mean;
        double held = window > 0 ? Math.Min(step + fresh, (double)window + fresh) : step + fresh;
        double bytes =
            (values == keys ? 1.0 : 2.0) * batch * held * kvHeads * new TensorLayout(cache, 1, dimension).Bytes
            + 4.0 * tokens * heads * dimension;
        return new()
        {
            Family = $"{(decode ? "decode" : "prefill")} attention {row.Text("gpu")} {row.Text("attn_dtype")}/{row.Text("kv_dtype")}",
            Shape = $"{heads}/{kvHeads}",
            Chip = chip,
            Software = Kernels(chip, Framework(row)),
            Tape = tape.Build("attention"),
            Step = new() { Sequences = sequences.MoveToImmutable(), Tokens = [] },
            Roofline = Math.Max(
                2 * visible * heads * dimension / PeakMacs(chip, ElementType.BF16, ElementType.BF16),
                bytes / MemoryBandwidth(chip)
            ),
        };
    }

    /// <summary>
    /// True for rows whose benchmark made a cache of keys only, which the kernel read as values too: TensorRT-LLM before 1.3 in the collector
    /// of aiconfigurator, which has told the two apart since. Half of the bytes are read from memory once, and again from the shared SRAM.
    /// </summary>
    private static bool HasOneCache(MeasuredRow row) => row.Text("stack").StartsWith("trtllm 1.0", StringComparison.Ordinal);

    /// <summary>A kernel that reads a matrix element by element and writes one.</summary>
    private static void Pass(KernelTape tape, NumberFormat from, NumberFormat to, int rows, int columns) =>
        tape.Kernel(
            new Unary
            {
                Source = tape.Rows(from, rows, columns),
                Destination = tape.Rows(to, rows, columns),
                Function = UnaryFunction.Scale,
                Parameter = 1,
            }
        );

    // The codes of eight-bit floats take a byte; their scale is one a tensor.
    private static NumberFormat AttentionFormat(string name) =>
        name switch
        {
            "bfloat16" or "bf16" => NumberFormat.BF16,
            "float16" or "fp16" or "half" => NumberFormat.F16,
            "fp8" or "fp8_e4m3" or "fp8_e5m2" or "int8" => new NumberFormat(ElementType.I8),
            _ => default,
        };
}
