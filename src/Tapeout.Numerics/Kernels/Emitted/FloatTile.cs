using System.Collections.Concurrent;

namespace Tapeout.Numerics.Kernels.Emitted;

/// <summary>
/// Code for sums[t][16 · v] += Σₖ a[t][k] · b[k][16 · v], folded in rising k by fused multiply-adds, all sums in registers. A lane owns a column of b, so
/// that the order of each sum is the definition's.
/// </summary>
/// <param name="Tokens">Rows of a.</param>
/// <param name="Vectors">Vectors of 16 columns of b.</param>
/// <param name="Element">b's elements: f32, f16 or bf16.</param>
/// <param name="RowBytes">Bytes from one k of b to the next.</param>
/// <param name="VectorStride">Bytes from one vector of b to the next.</param>
/// <param name="TokenBytes">Bytes from one row of a to the next.</param>
/// <param name="SumStride">Bytes from one token's vector of sums to the next vector.</param>
/// <param name="IsFresh">True to start from +0, false to go on from what the sums hold.</param>
internal readonly record struct FloatTile(
    int Tokens,
    int Vectors,
    ElementType Element,
    int RowBytes,
    int VectorStride,
    int TokenBytes,
    int SumStride,
    bool IsFresh
)
{
    private const int Unrolled = 4;
    private const Scalar B = Scalar.Rdi;
    private const Scalar A = Scalar.Rsi;
    private const Scalar Count = Scalar.Rdx;
    private const Scalar Sums = Scalar.Rcx;
    private const Scalar TokenStride = Scalar.R8;
    private const Scalar Address = Scalar.R9;
    private const int Factor = 31;
    private const int Columns = 27;

    private static readonly ConcurrentDictionary<FloatTile, nint> Written = new();

    /// <summary>The most tokens with so many vectors: 27 registers hold sums.</summary>
    public static int MostTokens(int vectors) => vectors == 1 ? 24 : Columns / vectors / 2 * 2;

    /// <summary>
    /// The code, of type delegate* unmanaged&lt;byte*, float*, nint, float*, nint, void&gt;: b, a, the count of k, the sums and the bytes from one token's sums to
    /// the next one's. Written if it is not yet there.
    /// </summary>
    public nint Code() => Written.GetOrAdd(this, tile => MachineCode.Publish(tile.Write(), tile.ToString()));

    private byte[] Write()
    {
        VectorAssembler code = new();
        code.Move(Address, Sums);
        for (int t = 0; t < Tokens; t++)
        {
            for (int v = 0; v < Vectors; v++)
            {
                if (IsFresh)
                    code.Clear(t * Vectors + v);
                else
                    code.Load(t * Vectors + v, Address, v * SumStride);
            }
            if (!IsFresh && t < Tokens - 1)
                code.Add(Address, TokenStride);
        }
        code.Compare(Count, Unrolled);
        int few = code.JumpForwardIfLess();
        int turn = code.Here;
        WriteSteps(code, Unrolled);
        code.Compare(Count, Unrolled);
        code.JumpIfGreaterOrEqual(turn);
        code.Land(few);
        code.Compare(Count, 1);
        int none = code.JumpForwardIfLess();
        int one = code.Here;
        WriteSteps(code, 1);
        code.Compare(Count, 1);
        code.JumpIfGreaterOrEqual(one);
        code.Land(none);
        for (int t = 0; t < Tokens; t++)
        {
            for (int v = 0; v < Vectors; v++)
                code.Store(Sums, v * SumStride, t * Vectors + v);
            if (t < Tokens - 1)
                code.Add(Sums, TokenStride);
        }
        code.Return();
        return code.ToArray();
    }

    private void WriteSteps(VectorAssembler code, int steps)
    {
        for (int step = 0; step < steps; step++)
        {
            for (int v = 0; v < Vectors; v++)
                WriteLoad(code, Columns + v, step * RowBytes + v * VectorStride);
            for (int t = 0; t < Tokens; t++)
            {
                int at = t * TokenBytes + step * sizeof(float);
                if (Vectors == 1)
                {
                    code.FusedMultiplyAddBroadcast(t, Columns, A, at);
                    continue;
                }
                code.Broadcast(Factor, A, at);
                for (int v = 0; v < Vectors; v++)
                    code.FusedMultiplyAdd(t * Vectors + v, Columns + v, Factor);
            }
        }
        code.Add(B, steps * RowBytes);
        code.Add(A, steps * sizeof(float));
        code.Add(Count, -steps);
    }

    private void WriteLoad(VectorAssembler code, int register, int displacement)
    {
        switch (Element)
        {
            case ElementType.F32:
                code.Load(register, B, displacement);
                break;
            case ElementType.F16:
                code.LoadHalves(register, B, displacement);
                break;
            default:
                code.LoadWords(register, B, displacement);
                code.ShiftLeft(register, register, 16);
                break;
        }
    }
}
