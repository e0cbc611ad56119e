using System.Runtime.InteropServices;
using Tapeout.Machine.Fast;

namespace Tapeout.Machine.Tests;

public sealed class ReadAheadTests
{
    private const int Step = ReadAheadCursor.Step;

    [Theory]
    // Each member its part, up to the most.
    [InlineData(64 * Step, 28 * Step, 10 * Step, 0, 0, 10)]
    [InlineData(64 * Step, 28 * Step, 10 * Step, 1, 28, 10)]
    [InlineData(64 * Step, 28 * Step, 40 * Step, 1, 28, 28)]
    // What is left for the third one; nothing for those after it.
    [InlineData(64 * Step, 28 * Step, 10 * Step, 2, 56, 8)]
    [InlineData(64 * Step, 28 * Step, 10 * Step, 3, 64, 0)]
    [InlineData(64 * Step, 28 * Step, 10 * Step, 31, 64, 0)]
    // A product that one thread does alone.
    [InlineData(64 * Step, 64 * Step, 10 * Step, 0, 0, 10)]
    [InlineData(64 * Step, 64 * Step, 10 * Step, 1, 64, 0)]
    // Steps that are whole only: nothing behind the last byte is touched.
    [InlineData(64 * Step + 64, 65 * Step, 90 * Step, 0, 0, 64)]
    [InlineData(Step - 64, Step - 64, 10 * Step, 0, 0, 0)]
    public void Reads_its_part_and_no_more(long length, long stride, long most, int member, int from, int steps)
    {
        byte[] memory = GC.AllocateArray<byte>((int)length, pinned: true);
        nint first = Marshal.UnsafeAddrOfPinnedArrayElement(memory, 0);
        ReadAheadCursor cursor = default;
        cursor.Follow(new(first, length, stride, most), member);
        Assert.Equal(first + from * Step, cursor.Position);
        int read = 0;
        while (cursor.TryRead())
            read++;
        Assert.Equal(steps, read);
        Assert.True(cursor.Position <= first + length);
        GC.KeepAlive(memory);
    }

    [Fact]
    public void Goes_on_where_it_was_until_there_is_something_else_to_read()
    {
        byte[] memory = GC.AllocateArray<byte>(8 * Step, pinned: true);
        nint first = Marshal.UnsafeAddrOfPinnedArrayElement(memory, 0);
        ReadAhead one = new(first, 8 * Step, 4 * Step, 4 * Step);
        ReadAheadCursor cursor = default;
        Assert.False(cursor.TryRead());
        cursor.Follow(one, 0);
        Assert.True(cursor.TryRead());
        cursor.Follow(one, 0);
        Assert.Equal(first + Step, cursor.Position);
        cursor.Follow(new(first, 8 * Step, 4 * Step, 4 * Step), 1);
        Assert.Equal(first + 4 * Step, cursor.Position);
        cursor.Follow(null, 1);
        Assert.False(cursor.TryRead());
        GC.KeepAlive(memory);
    }
}
