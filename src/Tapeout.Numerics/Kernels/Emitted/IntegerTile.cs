using System.Collections.Concurrent;

namespace Tapeout.Numerics.Kernels.Emitted;

/// <summary>
/// Code for integer products of up to <see cref="MostTokens"/> tokens with groups of 16 rows, all accumulators in registers: what
/// <see cref="InterleavedWeights"/> does with intrinsics, with the same bits. One is written for each shape when it is first met.
/// </summary>
/// <param name="Bits">Bits of a code in the packed unit: 8, 4 or 2.</param>
/// <param name="ScaleType">f32, f16 or bf16; minima have it too.</param>
/// <param name="Offset">What codes are counted from.</param>
/// <param name="UnitsOfBlock">Units of 64 bytes of a block.</param>
/// <param name="UnitsOfLast">Units of the node's last block.</param>
/// <param name="BlocksPerLeaf">Blocks of a leaf of the plan.</param>
/// <param name="Leaves">Leaves of the node.</param>
/// <param name="ParameterShift">2 to this blocks share a scale; 31 for all of the row.</param>
/// <param name="IsWhole">True if one integer sum over all of K is scaled once.</param>
/// <param name="Tokens">Tokens of the tile.</param>
internal readonly record struct IntegerTile(
    int Bits,
    ElementType ScaleType,
    OffsetKind Offset,
    int UnitsOfBlock,
    int UnitsOfLast,
    int BlocksPerLeaf,
    int Leaves,
    int ParameterShift,
    bool IsWhole,
    int Tokens
)
{
    /// <summary>Tokens whose sums and results fit the 32 registers beside what a unit needs.</summary>
    public const int MostTokens = 12;

    // Sums are registers 0 … 11, results 12 … 23.
    private const int Results = 12;
    private const int Unit = 24;
    private const int Part = 25;
    private const int Mask = 26;
    private const int Scale = 27;
    private const int First = 28;
    private const int Second = 29;
    private const int Minimum = 30;
    private const int Faults = 31;

    private const Scalar Arguments = Scalar.Rdi;
    private const Scalar Codes = Scalar.Rax;
    private const Scalar Scales = Scalar.Rcx;
    private const Scalar Offsets = Scalar.Rdx;
    private const Scalar X = Scalar.Rsi;
    private const Scalar Parameters = Scalar.R8;
    private const Scalar Nodes = Scalar.R9;
    private const Scalar Output = Scalar.R10;
    private const Scalar Blocks = Scalar.R11;
    private const Scalar Block = Scalar.Rbx;
    private const Scalar Units = Scalar.Rbp;
    private const Scalar Address = Scalar.R13;
    private const Scalar LeafCount = Scalar.R14;

    private const int UnrolledUnits = 8;

    /// <summary>Tokens up to which codes come from memory faster than they are used.</summary>
    private const int FewTokens = 4;

    /// <summary>How far ahead codes are asked for: processors do not do so across the ends of pages of 4 KiB by themselves.</summary>
    private const int PrefetchBytes = 4 << 10;

    /// <summary>As much of the scales as goes with more than twice those codes.</summary>
    private const int PrefetchedScaleBytes = 1 << 10;

    private static readonly ConcurrentDictionary<IntegerTile, nint> Written = new();

    /// <summary>Elements of a block's parameters for each token: start, scale and, where offsets need it, the sum of the codes.</summary>
    public static int ParametersPerToken(OffsetKind offset) => offset == OffsetKind.None ? 2 : 3;

    /// <summary>The code, of type delegate* unmanaged&lt;nint*, void&gt; over <see cref="TileArgument"/>s; written if it is not yet there.</summary>
    public nint Code() => Written.GetOrAdd(this, tile => MachineCode.Publish(tile.Write(), tile.ToString()));

    /// <summary>Sums that the terms of a token are dealt out to: few tokens would wait for each addition.</summary>
    private int Chains =>
        Tokens switch
        {
            1 => 4,
            <= FewTokens => 2,
            _ => 1,
        };

    private int Quads => 8 / Bits;

    private bool ScalesAdvance => ParameterShift == 0;

    private int ScaleBytes => ScaleType == ElementType.F32 ? 64 : 32;

    private int OffsetBytes => Offset == OffsetKind.ZeroPoint ? 16 : ScaleBytes;

    private byte[] Write()
    {
        VectorAssembler code = new();
        Scalar[] kept = [Block, Units, Address, LeafCount];
        foreach (Scalar register in kept)
            code.Push(register);
        if (Bits < 8)
        {
            code.Move(Units, Bits == 4 ? 0x0F0F0F0F : 0x03030303);
            code.Broadcast(Mask, Units);
        }
        code.Clear(Faults);
        int group = code.Here;
        code.Load(Codes, Arguments, At(TileArgument.Codes));
        code.Load(Scales, Arguments, At(TileArgument.Scales));
        code.Load(Offsets, Arguments, At(TileArgument.Offsets));
        code.Load(X, Arguments, At(TileArgument.X));
        code.Load(Parameters, Arguments, At(TileArgument.Parameters));
        code.Load(Nodes, Arguments, At(TileArgument.Leaves));
        code.Load(Output, Arguments, At(TileArgument.Output));
        code.Load(Block, Arguments, At(TileArgument.FirstBlock));
        bool lastDiffers = UnitsOfLast != UnitsOfBlock;
        int equal = lastDiffers ? Leaves - 1 : Leaves;
        if (equal > 0)
        {
            code.Move(LeafCount, equal);
            int leaf = code.Here;
            WriteLeaf(code, BlocksPerLeaf, false);
            code.Add(LeafCount, -1);
            code.JumpIfNotZero(leaf);
        }
        if (lastDiffers)
            WriteLeaf(code, BlocksPerLeaf - 1, true);
        WriteTree(code);
        foreach (
            (TileArgument pointer, TileArgument stride) in new[]
            {
                (TileArgument.Codes, TileArgument.CodeStride),
                (TileArgument.Scales, TileArgument.ScaleStride),
                (TileArgument.Offsets, TileArgument.OffsetStride),
                (TileArgument.Output, TileArgument.OutputStride),
            }
        )
        {
            code.Load(Address, Arguments, At(stride));
            code.AddTo(Arguments, At(pointer), Address);
        }
        code.Move(Address, -1);
        code.AddTo(Arguments, At(TileArgument.Groups), Address);
        code.JumpIfNotZero(group);
        code.Load(Address, Arguments, At(TileArgument.Faults));
        code.Store(Address, 0, Faults);
        foreach (Scalar register in kept.Reverse())
            code.Pop(register);
        code.Return();
        return code.ToArray();
    }

    private static int At(TileArgument argument) => (int)argument * sizeof(long);

    /// <summary>One leaf: its blocks from +0 on; the results go to the nodes, or stay in their registers if it is the only one.</summary>
    private void WriteLeaf(VectorAssembler code, int blocks, bool hasLast)
    {
        for (int t = 0; t < Tokens; t++)
            code.Clear(Results + t);
        if (blocks > 0)
        {
            code.Move(Blocks, blocks);
            int block = code.Here;
            WriteBlock(code, UnitsOfBlock);
            code.Add(Blocks, -1);
            code.JumpIfNotZero(block);
        }
        if (hasLast)
            WriteBlock(code, UnitsOfLast);
        if (Leaves == 1)
            return;
        for (int t = 0; t < Tokens; t++)
            code.Store(Nodes, t * 64, Results + t);
        code.Add(Nodes, Tokens * 64);
    }

    private void WriteBlock(VectorAssembler code, int units)
    {
        int floats = Tokens * sizeof(float);
        for (int t = 0; t < Tokens; t++)
        {
            code.Broadcast(t, Parameters, t * sizeof(int));
            for (int chain = 1; chain < Chains; chain++)
                code.Clear(t + chain * Tokens);
        }
        if (Offset == OffsetKind.ZeroPoint)
        {
            code.LoadBytes(First, WriteAddress(code, Offsets, OffsetBytes), 0);
            for (int t = 0; t < Tokens; t++)
            {
                code.MultiplyIntegersByBroadcast(Second, First, Parameters, 2 * floats + t * sizeof(int));
                code.SubtractIntegers(t, t, Second);
            }
        }
        WriteUnits(code, units);
        for (int t = 0; t < Tokens; t++)
        {
            for (int chain = 1; chain < Chains; chain++)
                code.AddIntegers(t, t, t + chain * Tokens);
        }
        WriteScale(code, Scale, WriteAddress(code, Scales, ScaleBytes));
        if (Tokens <= FewTokens && ScalesAdvance)
            code.Prefetch(Scales, PrefetchedScaleBytes);
        for (int t = 0; t < Tokens; t++)
        {
            code.ConvertToSingle(t, t);
            code.MultiplyByBroadcast(Second, Scale, Parameters, floats + t * sizeof(float));
            if (IsWhole)
                code.Multiply(Results + t, t, Second);
            else
                code.FusedMultiplyAdd(Results + t, t, Second);
        }
        if (Offset == OffsetKind.Minimum)
        {
            WriteScale(code, Minimum, WriteAddress(code, Offsets, OffsetBytes));
            for (int t = 0; t < Tokens; t++)
            {
                code.Broadcast(First, Parameters, 2 * floats + t * sizeof(float));
                code.MultiplyByBroadcast(Second, Minimum, Parameters, floats + t * sizeof(float));
                code.FusedMultiplyAdd(Results + t, First, Second);
            }
        }
        code.Add(Parameters, ParametersPerToken(Offset) * floats);
        if (ScalesAdvance)
        {
            code.Add(Scales, ScaleBytes);
            code.Add(Offsets, OffsetBytes);
        }
        else if (ParameterShift < 31)
        {
            code.Add(Block, 1);
        }
    }

    /// <summary>Where a block's 16 parameters lie.</summary>
    private Scalar WriteAddress(VectorAssembler code, Scalar plane, int bytes)
    {
        if (ScalesAdvance || ParameterShift == 31)
            return plane;
        code.Move(Address, Block);
        code.ShiftRight(Address, ParameterShift);
        code.ShiftLeft(Address, int.Log2(bytes));
        code.Add(Address, plane);
        return Address;
    }

    private void WriteScale(VectorAssembler code, int register, Scalar at)
    {
        switch (ScaleType)
        {
            case ElementType.F32:
                code.Load(register, at, 0);
                break;
            case ElementType.F16:
                code.LoadHalves(register, at, 0);
                break;
            default:
                code.LoadWords(register, at, 0);
                code.ShiftLeft(register, register, 16);
                break;
        }
    }

    private void WriteUnits(VectorAssembler code, int units)
    {
        int turns = units <= 2 * UnrolledUnits ? 0 : units / UnrolledUnits;
        if (turns > 0)
        {
            code.Move(Units, turns);
            int turn = code.Here;
            WriteUnrolled(code, UnrolledUnits);
            code.Add(Units, -1);
            code.JumpIfNotZero(turn);
        }
        WriteUnrolled(code, units - turns * UnrolledUnits);
    }

    private void WriteUnrolled(VectorAssembler code, int units)
    {
        if (units == 0)
            return;
        for (int unit = 0; unit < units; unit++)
        {
            code.Load(Unit, Codes, unit * 64);
            if (Tokens <= FewTokens)
                code.Prefetch(Codes, unit * 64 + PrefetchBytes);
            for (int quad = 0; quad < Quads; quad++)
            {
                int codes = Unit;
                if (Bits < 8)
                {
                    codes = Part;
                    if (quad > 0)
                        code.ShiftWordsRight(Part, Unit, quad * Bits);
                    code.And(Part, quad > 0 ? Part : Unit, Mask);
                }
                int place = unit * Quads + quad;
                for (int t = 0; t < Tokens; t++)
                    code.DotAddBroadcast(t + place % Chains * Tokens, codes, X, (place * Tokens + t) * 4);
            }
        }
        code.Add(Codes, units * 64);
        code.Add(X, units * Quads * Tokens * 4);
    }

    /// <summary>The plan's tree in each lane, and the results to where they belong.</summary>
    private void WriteTree(VectorAssembler code)
    {
        code.Load(Address, Arguments, At(TileArgument.TokenStride));
        code.Load(Nodes, Arguments, At(TileArgument.Leaves));
        for (int t = 0; t < Tokens; t++)
        {
            int result = Results + t;
            if (Leaves > 1)
            {
                result = 0;
                for (int leaf = 0; leaf < Leaves; leaf++)
                    code.Load(leaf, Nodes, (leaf * Tokens + t) * 64);
                for (int count = Leaves / 2; count > 0; count /= 2)
                {
                    for (int i = 0; i < count; i++)
                        code.Add(i, 2 * i, 2 * i + 1);
                }
            }
            code.Store(Output, 0, result);
            // +0 for finite numbers, NaN for others.
            code.Subtract(Second, result, result);
            code.Or(Faults, Faults, Second);
            code.Add(Output, Address);
        }
    }
}
