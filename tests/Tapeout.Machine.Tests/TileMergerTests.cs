using Tapeout.Chips;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Machine.Fast;
using Tapeout.Models;

namespace Tapeout.Machine.Tests;

public class TileMergerTests
{
    [Theory]
    [InlineData("ideal", "", "int8", 1)]
    [InlineData("ideal", "sram.capacity=256KiB", "int4", 1)]
    [InlineData("ideal", "tiles=2x2", "int8", 3)]
    [InlineData("reference", "", "f32", 1)]
    [InlineData("groq-lpu-v1", "", "int8", 1)]
    [InlineData("groq-lpu-v1", "", "int8-g32", 1)]
    [InlineData("nvidia-h100-sxm", "", "f16", 2)]
    [InlineData("taalas-hc1-like", "", "ternary", 1)]
    public void CompiledRoles_Merge(string chip, string set, string format, int chips)
    {
        using Model model = ModelSource.Open("stories260k");
        Tape tape = Compilation
            .Compile(
                model,
                new()
                {
                    Chip = ChipReader.Load(chip, set.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
                    Format = format,
                    Chips = chips,
                    Weights = false,
                }
            )
            .Tape;
        MergedRole? merged = TileMerger.Merge(tape.Roles[0], tape.Envelope.Bounds);
        Assert.NotNull(merged);
        Assert.Equal(1, merged.Role.Tiles);
        Assert.Equal(merged.Role.Instructions.Length, merged.Sources.Length);
        Assert.DoesNotContain(merged.Role.Instructions, i => i is Install or Launch or Isa.Barrier);
        // Seven products a layer and the output.
        Assert.Equal(8, merged.Role.Instructions.OfType<MatMul>().Count());
    }
}
