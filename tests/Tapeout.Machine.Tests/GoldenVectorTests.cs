using System.Globalization;
using System.Text.Json;
using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;
using Tapeout.Testing;

namespace Tapeout.Machine.Tests;

/// <summary>MATMUL and NORMSUM against sums that were computed with exact rationals, independent of any CPU.</summary>
public class GoldenVectorTests
{
    [Fact]
    public void Instructions_SmallLengths_GoldenBits() => Check(SharedData.InRepository("tests/Golden/numerics-vectors.json"), 18);

    [Fact]
    public void Instructions_AllLengths_GoldenBits() => Check(SharedData.PathOf("models/numerics/vectors.json"), 38);

    private static void Check(string path, int count)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
        int rows = 0;
        foreach (JsonElement row in document.RootElement.EnumerateArray())
        {
            string sum = row.GetProperty("sum").GetString()!;
            int k = row.GetProperty("k").GetInt32();
            float result = sum.StartsWith("sum of squares", StringComparison.Ordinal) ? SumOfSquares(row, k) : Product(row, sum, k);
            Assert.True(
                row.GetProperty("result").GetString()
                    == BitConverter.SingleToUInt32Bits(result).ToString("x8", CultureInfo.InvariantCulture),
                $"{sum}, K = {k}: {BitConverter.SingleToUInt32Bits(result):x8}"
            );
            rows++;
        }
        Assert.Equal(count, rows);
    }

    private static float SumOfSquares(JsonElement row, int k)
    {
        TapeBuilder tape = new();
        int x = tape.Constant("x", NumberFormat.F32, TapeBuilder.All(1), TapeBuilder.All(k));
        int sum = tape.Region(tape.Buffer("sum", NumberFormat.F32, TapeBuilder.All(1), TapeBuilder.All(1)));
        tape.Add(
            new NormSum
            {
                Source = tape.Region(x),
                Destination = sum,
                Kind = NormSumKind.SumOfSquares,
            }
        );
        using ReferenceMachine machine = tape.Machine(("x", TapeBuilder.Pack(NumberFormat.F32, Floats(row, "activations"), 1)));
        return Run(machine, sum);
    }

    private static float Product(JsonElement row, string sum, int k)
    {
        NumberFormat weight = sum switch
        {
            "f32" => NumberFormat.F32,
            "int8 group 32" => NumberFormat.Int8Group(32),
            "int4 group 32 symmetric" => NumberFormat.Int4Group(32),
            "ternary group 32" => new(ElementType.Ternary, ScaleGranularity.Group, 32, OffsetKind.None, ElementType.F32),
            _ => NumberFormat.Int4Group(32, OffsetKind.Minimum, ElementType.F16),
        };
        NumberFormat activation = sum == "f32" ? NumberFormat.F32 : NumberFormat.Int8Group(32);
        TapeBuilder tape = new();
        int x = tape.Constant("x", activation, TapeBuilder.All(1), TapeBuilder.All(k));
        int w = tape.Constant("w", weight, TapeBuilder.All(1), TapeBuilder.All(k), Space.Rom);
        int y = tape.Region(tape.Buffer("y", NumberFormat.F32, TapeBuilder.All(1), TapeBuilder.All(1)));
        tape.Add(
            new MatMul
            {
                X = tape.Region(x),
                W = tape.Region(w),
                Y = y,
                Result = MatMulResult.Final,
                Accumulate = AccumulateMode.Overwrite,
                FirstLevels = 0,
                PlanLength = k,
                PlanBlock = 32,
            }
        );
        using ReferenceMachine machine = tape.Machine(
            ("x", Tensor(row, "activation", activation, k)),
            ("w", Tensor(row, "weight", weight, k))
        );
        return Run(machine, y);
    }

    private static float Run(ReferenceMachine machine, int descriptor)
    {
        Step step = TapeBuilder.Step((0, 1));
        machine.Execute(step);
        return Assert.Single(machine.Floats(step, descriptor));
    }

    private static PackedTensor Tensor(JsonElement row, string name, NumberFormat format, int k)
    {
        if (format == NumberFormat.F32)
            return TapeBuilder.Pack(format, Floats(row, name + "s"), 1);
        TensorLayout layout = new(format, 1, k);
        byte[] packed = new byte[layout.Bytes];
        TensorCodec.PackCodes(layout, row.GetProperty(name + "s").EnumerateArray().Select(code => code.GetSByte()).ToArray(), packed, 0);
        float[] scales = Floats(row, name + "_scales");
        for (int group = 0; group < scales.Length; group++)
            TensorCodec.WriteScale(layout, packed, 0, group, scales[group]);
        if (format.Offset == OffsetKind.Minimum)
        {
            float[] minima = Floats(row, "minima");
            for (int group = 0; group < minima.Length; group++)
                TensorCodec.WriteMinimum(layout, packed, 0, group, minima[group]);
        }
        return new(format, 1, k, packed);
    }

    private static float[] Floats(JsonElement row, string name) =>
        [
            .. row.GetProperty(name)
                .EnumerateArray()
                .Select(bits =>
                    BitConverter.UInt32BitsToSingle(uint.Parse(bits.GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture))
                ),
        ];
}
