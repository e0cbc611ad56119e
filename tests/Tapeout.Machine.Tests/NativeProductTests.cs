using System.Runtime.InteropServices;
using System.Text.Json;
using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Models;
using Tapeout.Numerics;
using Tapeout.Testing;

namespace Tapeout.Machine.Tests;

/// <summary>
/// SmolLM2 in its file's own numbers (Q4_1 and Q8_0 weights, int8 activations per group of 32): each matrix product of three layers and of
/// the output, given llama.cpp's own inputs, against llama.cpp's outputs.
/// </summary>
public class NativeProductTests
{
    private static readonly (string Weight, string Input, string Output)[] LayerProducts =
    [
        ("attn_q", "attn_norm", "Qcur"),
        ("attn_k", "attn_norm", "Kcur"),
        ("attn_v", "attn_norm", "Vcur"),
        ("attn_output", "kqv_out", "attn_out"),
        ("ffn_gate", "ffn_norm", "ffn_gate"),
        ("ffn_up", "ffn_norm", "ffn_up"),
        ("ffn_down", "ffn_swiglu", "ffn_out"),
    ];

    /// <summary>The 22 products differ by less than 2e-3 of the largest output; with llama.cpp's rounding of scales and sums to f16, by 1e-6.</summary>
    [Fact]
    public void Native_TwentyTwoProducts_AreThoseOfLlamaCpp()
    {
        string folder = SharedData.PathOf("models/smollm2-135m-instruct");
        using Model model = ModelSource.Open(Path.Combine(folder, "SmolLM2-135M-Instruct.Q4_1.gguf"));
        QuantisedModel quantised = Compilation.Compile(model, new() { Chip = ChipReader.Load("reference"), Format = "native" }).Constants!;
        GoldenTensors golden = new(Path.Combine(folder, "golden"));
        int compared = 0;
        foreach (int layer in (int[])[0, 1, 29])
        {
            foreach ((string weight, string input, string output) in LayerProducts)
            {
                Compare(quantised, $"blk.{layer}.{weight}.weight", golden[$"{input}-{layer}"], golden[$"{output}-{layer}"]);
                compared++;
            }
        }
        float[] last = golden["result_norm"][^576..];
        Compare(quantised, "token_embd.weight", last, golden["result_output"]);
        Assert.Equal(22, compared + 1);
    }

    private static void Compare(QuantisedModel quantised, string name, float[] inputs, float[] expected)
    {
        PackedTensor weights = quantised.Tensor(name, 0);
        NumberFormat activation = quantised.Recipe.ActivationFor(weights.Format);
        Assert.Equal(NumberFormat.Int8Group(32), activation);
        int tokens = inputs.Length / weights.Columns;
        double largest = expected.Max(Math.Abs);

        float[] plain = Multiply(weights, activation, TapeBuilder.Pack(NumberFormat.F32, inputs, tokens), tokens);
        double worst = plain.Zip(expected, (found, wanted) => Math.Abs((double)found - wanted)).Max() / largest;
        Assert.True(worst <= 2e-3, $"{name}: {worst:g3} of the largest output");

        (PackedTensor rounded, float[] sums) = QuantiseAsLlamaCpp(inputs, tokens, weights.Columns);
        float[] imitated = Multiply(weights, activation, rounded, tokens);
        worst = 0;
        for (int i = 0; i < imitated.Length; i++)
        {
            double correction = SumCorrection(weights, rounded, sums, i / weights.Rows, i % weights.Rows);
            worst = Math.Max(worst, Math.Abs(imitated[i] + correction - expected[i]) / largest);
        }
        Assert.True(worst <= 1e-6, $"{name}: {worst:g3} of the largest output, with llama.cpp's rounding of scales and sums");
    }

    /// <summary>One MATMUL, behind a QUANTISE where the activations are still f32.</summary>
    private static float[] Multiply(PackedTensor weights, NumberFormat activation, PackedTensor inputs, int tokens)
    {
        TapeBuilder tape = new();
        Axis depth = TapeBuilder.All(weights.Columns);
        int given = tape.Region(tape.Constant("x", inputs.Format, TapeBuilder.All(tokens), depth));
        int x = given;
        if (inputs.Format != activation)
        {
            x = tape.Region(tape.Buffer("q", activation, TapeBuilder.All(tokens), depth));
            tape.Add(
                new Quantise
                {
                    Source = given,
                    AbsoluteMaximum = -1,
                    Destination = x,
                }
            );
        }
        int y = tape.Region(tape.Buffer("y", NumberFormat.F32, TapeBuilder.All(tokens), TapeBuilder.All(weights.Rows)));
        tape.Add(
            new MatMul
            {
                X = x,
                W = tape.Region(tape.Constant("w", weights.Format, TapeBuilder.All(weights.Rows), depth, Space.Rom)),
                Y = y,
                Result = MatMulResult.Final,
                Accumulate = AccumulateMode.Overwrite,
                FirstLevels = 0,
                PlanLength = weights.Columns,
                PlanBlock = 32,
            }
        );
        using ReferenceMachine machine = tape.Machine(("x", inputs), ("w", weights));
        Step step = TapeBuilder.Step((0, 1));
        machine.Execute(step);
        return machine.Floats(step, y);
    }

    /// <summary>d = max|x| / 127 rounded to f16, q = round(x · 127 / max|x|); and the sums f16(d · Σq) that go with a minimum.</summary>
    private static (PackedTensor Activations, float[] Sums) QuantiseAsLlamaCpp(float[] values, int rows, int columns)
    {
        TensorLayout layout = new(NumberFormat.Int8Group(32), rows, columns);
        byte[] packed = new byte[layout.Bytes];
        float[] sums = new float[rows * columns / 32];
        sbyte[] codes = new sbyte[columns];
        for (int row = 0; row < rows; row++)
        {
            for (int group = 0; group < columns / 32; group++)
            {
                ReadOnlySpan<float> x = values.AsSpan(row * columns + group * 32, 32);
                float largest = 0;
                foreach (float value in x)
                    largest = Math.Max(largest, Math.Abs(value));
                float scale = largest / 127;
                int sum = 0;
                for (int i = 0; i < 32; i++)
                {
                    codes[group * 32 + i] = largest == 0 ? (sbyte)0 : (sbyte)MathF.Round(x[i] * (127 / largest), MidpointRounding.ToEven);
                    sum += codes[group * 32 + i];
                }
                TensorCodec.WriteScale(layout, packed, row, group, (float)(Half)scale);
                sums[row * columns / 32 + group] = (float)(Half)(scale * sum);
            }
            TensorCodec.PackCodes(layout, codes, packed, row);
        }
        return (new(layout.Format, rows, columns, packed), sums);
    }

    /// <summary>What llama.cpp's rounded block sums add to ours: Σ m · (f16(d · Σq) − f16(d) · Σq).</summary>
    private static double SumCorrection(PackedTensor weights, PackedTensor activations, float[] sums, int token, int channel)
    {
        if (weights.Format.Offset != OffsetKind.Minimum)
            return 0;
        TensorLayout w = new(weights.Format, weights.Rows, weights.Columns);
        TensorLayout x = new(activations.Format, activations.Rows, activations.Columns);
        sbyte[] codes = new sbyte[weights.Columns];
        TensorCodec.UnpackCodes(x, activations.Bytes.Span, token, 0, codes);
        double total = 0;
        for (int group = 0; group < weights.Columns / 32; group++)
        {
            int sum = 0;
            for (int i = 0; i < 32; i++)
                sum += codes[group * 32 + i];
            double ours = (double)TensorCodec.ReadScale(x, activations.Bytes.Span, token, group) * sum;
            double minimum = TensorCodec.ReadMinimum(w, weights.Bytes.Span, channel, group);
            total += minimum * (sums[token * weights.Columns / 32 + group] - ours);
        }
        return total;
    }

    private sealed class GoldenTensors
    {
        private readonly byte[] _bytes;
        private readonly Dictionary<string, (int Offset, int Count)> _places = [];

        public GoldenTensors(string folder)
        {
            _bytes = File.ReadAllBytes(Path.Combine(folder, "llamacpp_layers.f32.bin"));
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "llamacpp_layers.json")));
            foreach (JsonElement tensor in json.RootElement.GetProperty("tensors").EnumerateArray())
            {
                int count = tensor.GetProperty("shape").EnumerateArray().Aggregate(1, (product, size) => product * size.GetInt32());
                _places.Add(tensor.GetProperty("name").GetString()!, (tensor.GetProperty("offset_bytes").GetInt32(), count));
            }
        }

        public float[] this[string name] =>
            MemoryMarshal.Cast<byte, float>(_bytes.AsSpan(_places[name].Offset, 4 * _places[name].Count)).ToArray();
    }
}
