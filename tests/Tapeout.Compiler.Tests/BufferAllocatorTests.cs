using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Compiler.Tests;

public sealed class BufferAllocatorTests
{
    private static readonly StepSizes Bounds = new(4, 1, 1);

    /// <summary>What is written before a loop and read inside is read again in the next iteration: nothing in the loop may take its memory.</summary>
    [Fact]
    public void ReadInALoop_KeepsItsMemoryForTheWholeLoop()
    {
        RoleBuilder builder = Builder(inLoop: true);
        BufferAllocator.Allocate(builder, Bounds);
        TapeBuffer outside = builder.Buffers.Single(b => b.Name == "outside");
        TapeBuffer inside = builder.Buffers.Single(b => b.Name == "inside");
        bool apart = outside.Address + outside.Bytes(Bounds) <= inside.Address || inside.Address + inside.Bytes(Bounds) <= outside.Address;
        Assert.True(apart, $"outside lies at {outside.Address}, inside at {inside.Address}");
    }

    /// <summary>Without the loop the lives do not meet, and the memory is shared.</summary>
    [Fact]
    public void LivesThatDoNotMeet_ShareMemory()
    {
        RoleBuilder builder = Builder(inLoop: false);
        BufferAllocator.Allocate(builder, Bounds);
        Assert.Equal(builder.Buffers.Single(b => b.Name == "outside").Address, builder.Buffers.Single(b => b.Name == "inside").Address);
    }

    private static RoleBuilder Builder(bool inLoop)
    {
        RoleBuilder builder = new(1, new ExecutionDescription { Style = ExecutionStyle.Static });
        builder.Enter("test", -1, -1);
        int Region(string name) =>
            builder.Describe(
                builder.Activation(name, Space.Sram, NumberFormat.F32, Mapping.Tokens, new Axis(16)),
                Mapping.Tokens,
                new Axis(16)
            );
        int input = builder.Describe(
            builder.AddBuffer(
                new()
                {
                    Name = "constant",
                    Kind = BufferKind.Constant,
                    Space = Space.Dram,
                    Format = NumberFormat.F32,
                    Rows = new Axis(4),
                    Columns = new Axis(16),
                }
            ),
            Mapping.Tokens,
            new Axis(16)
        );
        int outside = Region("outside");
        int first = Region("first");
        int inside = Region("inside");
        int second = Region("second");
        Copy(input, outside);
        if (inLoop)
            builder.BeginLoop(0, 2);
        Copy(outside, first);
        Copy(first, inside);
        Copy(inside, second);
        if (inLoop)
            builder.EndLoop();
        return builder;

        void Copy(int source, int destination) =>
            builder.Emit(
                new Copy
                {
                    Source = source,
                    Destination = destination,
                    Multicast = false,
                }
            );
    }
}
