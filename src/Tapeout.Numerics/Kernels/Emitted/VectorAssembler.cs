using System.Buffers.Binary;

namespace Tapeout.Numerics.Kernels.Emitted;

/// <summary>General registers of x86-64 by their number; r12 and rsp are no base registers here.</summary>
internal enum Scalar
{
    Rax = 0,
    Rcx = 1,
    Rdx = 2,
    Rbx = 3,
    Rbp = 5,
    Rsi = 6,
    Rdi = 7,
    R8 = 8,
    R9 = 9,
    R10 = 10,
    R11 = 11,
    R13 = 13,
    R14 = 14,
}

/// <summary>
/// Writes machine code of x86-64: 512-bit vector instructions (EVEX encoding, Intel SDM volume 2, section 2.7) and the few scalar ones that loops need. Vector
/// registers are numbers 0 to 31. Memory operands are [base + displacement].
/// </summary>
internal sealed class VectorAssembler
{
    private const int VectorBytes = 64;

    private readonly List<byte> _code = [];

    /// <summary>The code so far.</summary>
    public byte[] ToArray() => [.. _code];

    /// <summary>dst = 16 floats at an address.</summary>
    public void Load(int dst, Scalar at, int displacement) => Memory(1, 0, 0x10, dst, 0, at, displacement, VectorBytes, false);

    /// <summary>16 floats of src to an address.</summary>
    public void Store(Scalar at, int displacement, int src) => Memory(1, 0, 0x11, src, 0, at, displacement, VectorBytes, false);

    /// <summary>dst = 16 half floats at an address, widened.</summary>
    public void LoadHalves(int dst, Scalar at, int displacement) => Memory(2, 1, 0x13, dst, 0, at, displacement, VectorBytes / 2, false);

    /// <summary>dst = 16 unsigned 16-bit numbers at an address, widened to 32 bits.</summary>
    public void LoadWords(int dst, Scalar at, int displacement) => Memory(2, 1, 0x33, dst, 0, at, displacement, VectorBytes / 2, false);

    /// <summary>dst = 16 unsigned bytes at an address, widened to 32 bits.</summary>
    public void LoadBytes(int dst, Scalar at, int displacement) => Memory(2, 1, 0x31, dst, 0, at, displacement, VectorBytes / 4, false);

    /// <summary>Asks for the cache line at an address of one of the first eight registers.</summary>
    public void Prefetch(Scalar at, int displacement)
    {
        _code.AddRange([0x0F, 0x18, (byte)(0x88 | (int)at)]);
        Immediate(displacement);
    }

    /// <summary>Every lane of dst = 32 bits at an address.</summary>
    public void Broadcast(int dst, Scalar at, int displacement) => Memory(2, 1, 0x58, dst, 0, at, displacement, 4, false);

    /// <summary>Every lane of dst = the low 32 bits of a general register below r8.</summary>
    public void Broadcast(int dst, Scalar src) => Registers(2, 1, 0x7C, dst, 0, (int)src);

    /// <summary>dst = 0.</summary>
    public void Clear(int dst) => Registers(1, 1, 0xEF, dst, dst, dst);

    /// <summary>dst = a &amp; b.</summary>
    public void And(int dst, int a, int b) => Registers(1, 1, 0xDB, dst, a, b);

    /// <summary>dst = a | b.</summary>
    public void Or(int dst, int a, int b) => Registers(1, 1, 0xEB, dst, a, b);

    /// <summary>dst = a + b in 32-bit lanes.</summary>
    public void AddIntegers(int dst, int a, int b) => Registers(1, 1, 0xFE, dst, a, b);

    /// <summary>dst = a − b in 32-bit lanes.</summary>
    public void SubtractIntegers(int dst, int a, int b) => Registers(1, 1, 0xFA, dst, a, b);

    /// <summary>dst = a · the 32 bits at an address, modulo 2³².</summary>
    public void MultiplyIntegersByBroadcast(int dst, int a, Scalar at, int displacement) =>
        Memory(2, 1, 0x40, dst, a, at, displacement, 4, true);

    /// <summary>dst = src &gt;&gt; count in 16-bit lanes, zeros shifted in.</summary>
    public void ShiftWordsRight(int dst, int src, int count)
    {
        Registers(1, 1, 0x71, 2, dst, src);
        _code.Add((byte)count);
    }

    /// <summary>dst = src &lt;&lt; count in 32-bit lanes.</summary>
    public void ShiftLeft(int dst, int src, int count)
    {
        Registers(1, 1, 0x72, 6, dst, src);
        _code.Add((byte)count);
    }

    /// <summary>sum += Σ of four products in each 32-bit lane: the unsigned bytes of codes times the four signed bytes at an address.</summary>
    public void DotAddBroadcast(int sum, int codes, Scalar at, int displacement) =>
        Memory(2, 1, 0x50, sum, codes, at, displacement, 4, true);

    /// <summary>As <see cref="DotAddBroadcast"/>, each lane with signed bytes of its own.</summary>
    public void DotAdd(int sum, int codes, int x) => Registers(2, 1, 0x50, sum, codes, x);

    /// <summary>dst = src as floats.</summary>
    public void ConvertToSingle(int dst, int src) => Registers(1, 0, 0x5B, dst, 0, src);

    /// <summary>dst = a + b.</summary>
    public void Add(int dst, int a, int b) => Registers(1, 0, 0x58, dst, a, b);

    /// <summary>dst = a + the 16 floats at an address.</summary>
    public void Add(int dst, int a, Scalar at, int displacement) => Memory(1, 0, 0x58, dst, a, at, displacement, VectorBytes, false);

    /// <summary>dst = a − b.</summary>
    public void Subtract(int dst, int a, int b) => Registers(1, 0, 0x5C, dst, a, b);

    /// <summary>dst = a · b.</summary>
    public void Multiply(int dst, int a, int b) => Registers(1, 0, 0x59, dst, a, b);

    /// <summary>dst = a · the float at an address.</summary>
    public void MultiplyByBroadcast(int dst, int a, Scalar at, int displacement) => Memory(1, 0, 0x59, dst, a, at, displacement, 4, true);

    /// <summary>sum = a · b + sum, rounded once.</summary>
    public void FusedMultiplyAdd(int sum, int a, int b) => Registers(2, 1, 0xB8, sum, a, b);

    /// <summary>sum = a · the float at an address + sum, rounded once.</summary>
    public void FusedMultiplyAddBroadcast(int sum, int a, Scalar at, int displacement) =>
        Memory(2, 1, 0xB8, sum, a, at, displacement, 4, true);

    /// <summary>dst = 64 bits at an address.</summary>
    public void Load(Scalar dst, Scalar at, int displacement) => ScalarMemory(0x8B, dst, at, displacement);

    /// <summary>The 64 bits at an address += src.</summary>
    public void AddTo(Scalar at, int displacement, Scalar src) => ScalarMemory(0x01, src, at, displacement);

    /// <summary>dst = src.</summary>
    public void Move(Scalar dst, Scalar src) => ScalarRegisters(0x89, (int)src, dst);

    /// <summary>dst = a number.</summary>
    public void Move(Scalar dst, int value)
    {
        ScalarRegisters(0xC7, 0, dst);
        Immediate(value);
    }

    /// <summary>dst += src.</summary>
    public void Add(Scalar dst, Scalar src) => ScalarRegisters(0x01, (int)src, dst);

    /// <summary>dst += a number; sets the flags.</summary>
    public void Add(Scalar dst, int value)
    {
        ScalarRegisters(0x81, 0, dst);
        Immediate(value);
    }

    /// <summary>Compares a register with a number.</summary>
    public void Compare(Scalar register, int value)
    {
        ScalarRegisters(0x81, 7, register);
        Immediate(value);
    }

    /// <summary>dst &gt;&gt;= count, zeros shifted in.</summary>
    public void ShiftRight(Scalar dst, int count)
    {
        ScalarRegisters(0xC1, 5, dst);
        _code.Add((byte)count);
    }

    /// <summary>dst &lt;&lt;= count.</summary>
    public void ShiftLeft(Scalar dst, int count)
    {
        ScalarRegisters(0xC1, 4, dst);
        _code.Add((byte)count);
    }

    public void Push(Scalar register)
    {
        if ((int)register >= 8)
            _code.Add(0x41);
        _code.Add((byte)(0x50 + ((int)register & 7)));
    }

    public void Pop(Scalar register)
    {
        if ((int)register >= 8)
            _code.Add(0x41);
        _code.Add((byte)(0x58 + ((int)register & 7)));
    }

    /// <summary>Where the next instruction will lie: what jumps back go to.</summary>
    public int Here => _code.Count;

    /// <summary>Back to a place if the last result was not zero.</summary>
    public void JumpIfNotZero(int place) => Jump(0x85, place);

    /// <summary>Back to a place if the last comparison found greater or equal.</summary>
    public void JumpIfGreaterOrEqual(int place) => Jump(0x8D, place);

    /// <summary>Forwards if the last comparison found less; <see cref="Land"/> says where to.</summary>
    public int JumpForwardIfLess()
    {
        _code.AddRange([0x0F, 0x8C, 0, 0, 0, 0]);
        return Here;
    }

    /// <summary>A jump forwards goes to the next instruction.</summary>
    public void Land(int jump)
    {
        Span<byte> distance = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(distance, Here - jump);
        for (int i = 0; i < 4; i++)
            _code[jump - 4 + i] = distance[i];
    }

    /// <summary>Returns, with the upper halves of the vector registers cleared, as the calling convention wants it.</summary>
    public void Return() => _code.AddRange([0xC5, 0xF8, 0x77, 0xC3]);

    private void Jump(byte condition, int place)
    {
        _code.AddRange([0x0F, condition]);
        Immediate(place - (Here + 4));
    }

    private void Immediate(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        _code.AddRange(bytes);
    }

    private void ScalarRegisters(byte opcode, int register, Scalar other) =>
        _code.AddRange([Rex(register, (int)other), opcode, (byte)(0xC0 | (register & 7) << 3 | ((int)other & 7))]);

    private void ScalarMemory(byte opcode, Scalar register, Scalar at, int displacement)
    {
        _code.AddRange([Rex((int)register, (int)at), opcode, (byte)(0x80 | ((int)register & 7) << 3 | ((int)at & 7))]);
        Immediate(displacement);
    }

    private static byte Rex(int register, int other) => (byte)(0x48 | (register & 8) >> 1 | (other & 8) >> 3);

    private void Registers(int map, int prefix, byte opcode, int dst, int a, int b)
    {
        Prefix(map, prefix, dst, a, false, (b & 16) != 0, (b & 8) != 0);
        _code.AddRange([opcode, (byte)(0xC0 | (dst & 7) << 3 | (b & 7))]);
    }

    private void Memory(int map, int prefix, byte opcode, int dst, int a, Scalar at, int displacement, int operandBytes, bool isBroadcast)
    {
        Prefix(map, prefix, dst, a, isBroadcast, false, ((int)at & 8) != 0);
        // A displacement of one byte counts operands.
        bool isShort = displacement % operandBytes == 0 && displacement / operandBytes is >= -128 and <= 127;
        _code.AddRange([opcode, (byte)((isShort ? 0x40 : 0x80) | (dst & 7) << 3 | ((int)at & 7))]);
        if (isShort)
            _code.Add(unchecked((byte)(displacement / operandBytes)));
        else
            Immediate(displacement);
    }

    /// <summary>The four bytes of EVEX, for 512 bits; the bits of registers are stored inverted.</summary>
    private void Prefix(int map, int prefix, int dst, int a, bool isBroadcast, bool x, bool b) =>
        _code.AddRange([
            0x62,
            (byte)(((dst & 8) == 0 ? 0x80 : 0) | (x ? 0 : 0x40) | (b ? 0 : 0x20) | ((dst & 16) == 0 ? 0x10 : 0) | map),
            (byte)((~a & 15) << 3 | 4 | prefix),
            (byte)(0x40 | (isBroadcast ? 0x10 : 0) | ((a & 16) == 0 ? 8 : 0)),
        ]);
}
