using CsCheck;
using Tapeout.Quantities;

namespace Tapeout.Isa.Tests;

public class TextTests
{
    [Fact]
    public void AssemblyOfDisassembly_RandomTapes_SameBytes() =>
        RandomTape.Tapes.Sample(
            tape =>
            {
                byte[] expected = TapeFile.Write(tape);
                byte[] found = TapeFile.Write(Assembler.Read(Disassembler.Write(tape), "random.asm"));
                return expected.AsSpan().SequenceEqual(found);
            },
            iter: 400
        );

    [Fact]
    public void Read_EveryInstruction_TextNamesAllOperands()
    {
        foreach (InstructionDefinition row in InstructionTable.All)
        {
            string text = Disassembler.Text(RandomTape.Instruction(row).Single());
            Assert.StartsWith(row.Mnemonic + " ", text);
            Assert.All(row.Operands, operand => Assert.Contains($" {operand.Name}=", text));
        }
    }

    [Theory]
    [InlineData("MATMUL X=0", "has no 'W'")]
    [InlineData("MULTIPLY X=0", "is neither a directive nor a mnemonic")]
    [InlineData("HALT tiles=0 origin=0", "first+count")]
    [InlineData("HALT tiles=0+1 origin=0 colour=3", "has no field 'colour'")]
    [InlineData("HALT tiles=0+1 origin=0 origin=0", "is given twice")]
    [InlineData("END Level=zero tiles=0+1 origin=0", "an integer of 32 bits")]
    [InlineData("LOOP Level=0 Count=3*heads tiles=0+1 origin=0", "a size such as")]
    [InlineData("UNARY Source=0 Destination=0 Function=Sine Parameter=1 tiles=0+1 origin=0", "one of Silu")]
    [InlineData("UNARY Source=0 Destination=0 Function=Silu Parameter=0x7f800000 tiles=0+1 origin=0", "not a finite number")]
    [InlineData(".token 3 producer=Dma consumer=Matrix credits=0", "write 0")]
    [InlineData(".role name=\"x", "closing quotation mark")]
    public void Read_WrongLine_NamesFileAndLine(string line, string part)
    {
        string head = Disassembler.Write(ValidTape.Make()).Split("\n\n")[0];
        string text = head + "\n.role name=\"r\" chip=\"c\" chipHash=\"\" ranks=1 tiles=1\n" + line + "\n";
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() => Assembler.Read(text, "a.asm"));
        Assert.StartsWith($"a.asm:{head.Split('\n').Length + 2}:", refusal.Problems[0]);
        Assert.Contains(part, refusal.Problems[0]);
    }

    [Fact]
    public void Read_DecimalFloatsAndOtherCase_AreAccepted()
    {
        Tape tape = Assembler.Read(
            """
            .tape isa=1 isaHash="" model="m" modelHash="" format="f32"
            .envelope sequences=1 tokens=2 context=64 pages=1 logitRows=1
            .role name="r" chip="c" chipHash="" ranks=1 tiles=1
            unary source=0 destination=1 function=silu parameter=0.5 tiles=0+1 origin=0 wait=3,1 ; comment
            """,
            "a.asm"
        );
        Unary unary = Assert.IsType<Unary>(Assert.Single(tape.Roles[0].Instructions));
        Assert.Equal(0.5f, unary.Parameter);
        Assert.Equal(Engine.Vector, unary.Engine);
        Assert.Equal([3, 1], unary.Waits);
    }

    [Fact]
    public void Read_MutatedListing_ReadsOrRefuses()
    {
        string text = Disassembler.Write(ValidTape.Make());
        Gen.Select(Gen.Int[0, text.Length - 1], Gen.Char[' ', '~'])
            .Sample(
                (at, c) =>
                {
                    try
                    {
                        Assembler.Read(text[..at] + c + text[(at + 1)..], "a.asm");
                    }
                    catch (InvalidInputException) { }
                },
                iter: 1000
            );
    }
}
