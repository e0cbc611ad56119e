using Tapeout.Numerics;

namespace Tapeout.Isa.Tests;

internal static partial class ConstraintCases
{
    private static IEnumerable<(string, Func<Tape>)> Vectors()
    {
        AbsMax Largest(int s, int d) => new() { Source = s, Destination = d };
        yield return ("ABSMAX", One(r => Largest(r.Of(F32, T, C(8)), r.Of(F32, T, C(1)))));
        yield return ("ABSMAX C1", One(r => Largest(r.Of(F32, T, C(8)), r.Of(F32, C(2), C(1)))));
        yield return ("ABSMAX C2", One(r => Largest(r.Of(F32, T, C(8)), r.Of(F32, T, C(2)))));

        Quantise Pack(int s, int d, int maximum = -1) =>
            new()
            {
                Source = s,
                Destination = d,
                AbsoluteMaximum = maximum,
            };
        yield return ("QUANTISE", One(r => Pack(r.Of(F32, T, C(64)), r.Of(Row, T, C(64)), r.Of(F32, T, C(1)))));
        yield return ("QUANTISE C1", One(r => Pack(r.Of(F32, T, C(64)), r.Of(Row, T, C(32)))));
        yield return (
            "QUANTISE C2",
            One(r =>
                Pack(r.Region(r.Buffer("a", F32, T, C(64)), columns: Part(64)), r.Region(r.Buffer("b", Group, T, C(64)), columns: Part(64)))
            )
        );
        yield return ("QUANTISE C3", One(r => Pack(r.Of(F32, T, C(64)), r.Of(Group, T, C(64)), r.Of(F32, T, C(1)))));

        Dequantise Unpack(int s, int d) => new() { Source = s, Destination = d };
        yield return ("DEQUANTISE", One(r => Unpack(r.Of(Group, T, C(64)), r.Of(F32, T, C(64)))));
        yield return ("DEQUANTISE C1", One(r => Unpack(r.Of(Group, T, C(64)), r.Of(NumberFormat.F16, T, C(64)))));

        Unary Map(int s, int d) =>
            new()
            {
                Source = s,
                Destination = d,
                Function = UnaryFunction.Silu,
                Parameter = 0,
            };
        yield return ("UNARY", One(r => Map(r.Of(F32, T, C(8)), r.Of(F32, T, C(8)))));
        yield return ("UNARY C1", One(r => Map(r.Of(F32, T, C(8)), r.Of(F32, T, C(9)))));

        Binary Zip(int a, int b, int d) =>
            new()
            {
                Left = a,
                Right = b,
                Destination = d,
                Function = BinaryFunction.Add,
            };
        yield return ("BINARY", One(r => Zip(r.Of(F32, T, C(8)), r.Of(F32, T, C(8)), r.Of(F32, T, C(8)))));
        yield return ("BINARY C1", One(r => Zip(r.Of(F32, T, C(8)), r.Of(F32, T, C(4)), r.Of(F32, T, C(8)))));

        NormSum Add(int s, int d) =>
            new()
            {
                Source = s,
                Destination = d,
                Kind = NormSumKind.Sum,
            };
        yield return ("NORMSUM", One(r => Add(r.Of(F32, T, C(8)), r.Of(F32, T, C(1)))));
        yield return ("NORMSUM C1", One(r => Add(r.Of(Row, T, C(8)), r.Of(F32, T, C(1)))));
        yield return ("NORMSUM C2", One(r => Add(r.Of(F32, T, C(8)), r.Of(F32, T, C(2)))));
        yield return ("NORMSUM C3", One(r => Add(r.Of(F32, T, Part(32)), r.Of(F32, T, C(1)))));

        Norm Scale(RoleMaker r, int destination = 8, int gamma = 8, int width = 8) =>
            new()
            {
                Source = r.Of(F32, T, C(8)),
                Sums = r.Of(F32, T, C(1)),
                Gamma = r.Of(F32, C(1), C(gamma)),
                Destination = r.Of(F32, T, C(destination)),
                Width = width,
                Epsilon = 0,
            };
        yield return ("NORM", One(r => Scale(r)));
        yield return ("NORM C1", One(r => Scale(r, destination: 9)));
        yield return ("NORM C2", One(r => Scale(r, gamma: 7)));
        yield return ("NORM C3", One(r => Scale(r, width: 0)));

        Rotate Turn(RoleMaker r, int destination = 16, int rotated = 4, int phases = 4) =>
            new()
            {
                Source = r.Of(F32, T, C(16)),
                Destination = r.Of(F32, T, C(destination)),
                Phases = r.Of(I32, C(1), C(phases)),
                HeadDimension = 8,
                RotaryDimensions = rotated,
                Pairing = RopePairing.HalfSplit,
            };
        yield return ("ROTATE", One(r => Turn(r)));
        yield return ("ROTATE C1", One(r => Turn(r, destination: 8)));
        yield return ("ROTATE C2", One(r => Turn(r, rotated: 3, phases: 3)));
        yield return ("ROTATE C3", One(r => Turn(r, phases: 8)));

        Softmax Soft(int s, int d) => new() { Source = s, Destination = d };
        yield return ("SOFTMAX", One(r => Soft(r.Of(F32, T, C(8)), r.Of(F32, T, C(8)))));
        yield return ("SOFTMAX C1", One(r => Soft(r.Of(F32, T, C(8)), r.Of(F32, T, C(7)))));
        yield return ("SOFTMAX C2", One(r => Soft(r.Of(F32, T, Part(32)), r.Of(F32, T, Part(32)))));

        TopK Top(RoleMaker r, NumberFormat ids, Axis rows, int count = 4) =>
            new()
            {
                Source = r.Of(F32, R, C(30)),
                Values = r.Of(F32, rows, C(4)),
                Ids = r.Of(ids, rows, C(4)),
                Count = count,
            };
        yield return ("TOPK", One(r => Top(r, I32, R)));
        yield return ("TOPK C1", One(r => Top(r, I32, R, count: 3)));
        yield return ("TOPK C2", One(r => Top(r, I32, T)));
        Sample Draw(RoleMaker r, NumberFormat ids, int columns) =>
            new()
            {
                Values = r.Of(F32, R, C(4)),
                Ids = r.Of(ids, R, C(4)),
                Destination = r.Of(I32, R, C(columns)),
            };
        yield return ("SAMPLE", One(r => Draw(r, I32, 1)));
        yield return ("SAMPLE C1", One(r => Draw(r, F32, 1)));
        yield return ("SAMPLE C2", One(r => Draw(r, I32, 2)));
    }
}
