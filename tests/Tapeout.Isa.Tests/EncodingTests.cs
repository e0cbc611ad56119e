using System.Security.Cryptography;
using CsCheck;
using Tapeout.Quantities;

namespace Tapeout.Isa.Tests;

public class EncodingTests
{
    [Fact]
    public void HeaderBits_AreOwnedOnceAndAllOwned()
    {
        ulong owned = 0;
        foreach (BitField field in InstructionHeader.Fields)
        {
            ulong bits = ((1ul << field.Width) - 1) << field.Low;
            Assert.Equal(0ul, owned & bits);
            owned |= bits;
        }
        Assert.Equal(0xffff_fffful, owned);
    }

    [Fact]
    public void Read_OfWrite_RandomInstructionsOfAllOpcodes_SameInstructions()
    {
        foreach (InstructionDefinition row in InstructionTable.All)
        {
            RandomTape
                .Instruction(row)
                .Sample(
                    instruction =>
                    {
                        Tape tape = ValidTape.Make(new RoleMaker().Make() with { Instructions = [instruction] });
                        Instruction read = TapeFile.Read(TapeFile.Write(tape), "a.tape").Roles[0].Instructions[0];
                        Assert.Equal(instruction.GetType(), read.GetType());
                        Assert.Equal(instruction.Operands, read.Operands);
                        Assert.Equal(instruction.Engine, read.Engine);
                        Assert.Equal(instruction.Tiles, read.Tiles);
                        Assert.Equal(instruction.Origin, read.Origin);
                        Assert.Equal(instruction.Waits, read.Waits);
                        Assert.Equal(instruction.Signals, read.Signals);
                    },
                    iter: 30
                );
        }
    }

    [Fact]
    public void Read_OfWrite_RandomTapes_SameBytes() =>
        RandomTape.Tapes.Sample(
            tape => TapeFile.Write(TapeFile.Read(TapeFile.Write(tape), "a.tape")).AsSpan().SequenceEqual(TapeFile.Write(tape)),
            iter: 300
        );

    /// <summary>Bytes are changed and cut, the hash is made right again: the reader gives a tape or a sentence, nothing else.</summary>
    [Fact]
    public void Read_HostileBytes_ReadsOrRefuses()
    {
        byte[] valid = TapeFile.Write(ValidTape.Make());
        Gen.Select(Gen.Int[12, valid.Length - 36], Gen.Int, Gen.Int[0, 60])
            .Sample(
                (at, word, cut) =>
                {
                    byte[] bytes = [.. valid[..^32]];
                    BitConverter.TryWriteBytes(bytes.AsSpan(at, 4), cut % 2 == 0 ? word : word % 300);
                    bytes = cut > 50 ? bytes[..at] : bytes;
                    byte[] hostile = [.. bytes, .. SHA256.HashData(bytes)];
                    try
                    {
                        Tape tape = TapeFile.Read(hostile, "hostile.tape");
                        Verifier.Verify(tape, null);
                    }
                    catch (InvalidInputException refusal)
                    {
                        Assert.Contains("hostile.tape", refusal.Message);
                    }
                },
                iter: 3000
            );
    }

    [Fact]
    public void Read_OnlyHalt_IsATape()
    {
        Tape tape = ValidTape.Make(new RoleMaker().Make());
        Assert.Single(TapeFile.Read(TapeFile.Write(tape), "a.tape").Roles[0].Instructions);
    }
}
