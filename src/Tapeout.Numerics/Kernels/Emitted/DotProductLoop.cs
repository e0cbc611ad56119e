namespace Tapeout.Numerics.Kernels.Emitted;

/// <summary>Code that does nothing but independent dot products of registers, as many at once as hide the latency of each: the most that a core can do.</summary>
internal static class DotProductLoop
{
    private const int Sums = 16;
    private const int Codes = 30;
    private const int Factors = 31;

    private static readonly Lazy<nint> Written = new(() => MachineCode.Publish(Write(), "dot product loop"));

    /// <summary>Multiplications and additions of a turn: 64 products in each sum.</summary>
    public const int OperationsPerTurn = Sums * 64 * 2;

    /// <summary>The code, of type delegate* unmanaged&lt;nint, void&gt; over the number of turns.</summary>
    public static nint Code() => Written.Value;

    private static byte[] Write()
    {
        VectorAssembler code = new();
        int turn = code.Here;
        for (int sum = 0; sum < Sums; sum++)
            code.DotAdd(sum, Codes, Factors);
        code.Add(Scalar.Rdi, -1);
        code.JumpIfNotZero(turn);
        code.Return();
        return code.ToArray();
    }
}
