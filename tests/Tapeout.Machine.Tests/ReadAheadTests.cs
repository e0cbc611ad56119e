using System.Runtime.InteropServices;
using Tapeout.Machine.Fast;

namespace Tapeout.Machine.Tests;

public sealed class ReadAheadTests : IDisposable
{
    private const int Step = ReadAheadCursor.Step;
    private const int MostSteps = ReadAheadCursor.Most / Step;

    private readonly GCHandle _handle = GCHandle.Alloc(new byte[4 * ReadAheadCursor.Most], GCHandleType.Pinned);

    private nint Memory => _handle.AddrOfPinnedObject();

    public void Dispose() => _handle.Free();

    [Theory]
    [InlineData(64 * Step, 28 * Step, 0, 0, 28)]
    [InlineData(64 * Step, 28 * Step, 1, 28, 28)]
    // What is left for the third one; nothing for those after it.
    [InlineData(64 * Step, 28 * Step, 2, 56, 8)]
    [InlineData(64 * Step, 28 * Step, 3, 64, 0)]
    [InlineData(64 * Step, 28 * Step, 31, 64, 0)]
    // A job that one thread does alone.
    [InlineData(64 * Step, 64 * Step, 1, 64, 0)]
    // Steps that are whole only: nothing behind the last byte is touched.
    [InlineData(64 * Step + 64, 65 * Step, 0, 0, 64)]
    [InlineData(Step - 64, Step - 64, 0, 0, 0)]
    // No more than a cache holds.
    [InlineData(3L * MostSteps * Step, 2L * MostSteps * Step, 0, 0, MostSteps)]
    public void Reads_its_part_and_no_more(long length, long stride, int member, int from, int steps)
    {
        ReadAheadCursor cursor = new(member);
        cursor.Follow(new(Memory, length, stride));
        Assert.Equal(Memory + from * Step, cursor.Position);
        Assert.Equal(steps, ReadAll(ref cursor));
        Assert.Equal(Memory + (from + steps) * Step, cursor.Position);
    }

    [Fact]
    public void Goes_on_to_the_jobs_after_it_and_does_not_read_them_twice()
    {
        ReadAhead[] jobs = [.. Enumerable.Range(0, 6).Select(i => new ReadAhead(Memory + i * 40 * Step, 40 * Step, 20 * Step))];
        for (int i = 0; i + 1 < jobs.Length; i++)
            jobs[i].Then = jobs[i + 1];
        ReadAheadCursor cursor = new(1);
        Assert.False(cursor.TryRead());
        cursor.Follow(jobs[0]);
        Assert.True(cursor.TryRead());
        // Nothing new.
        cursor.Follow(jobs[0]);
        Assert.Equal(Memory + 21 * Step, cursor.Position);
        // Four jobs at most.
        Assert.Equal(79, ReadAll(ref cursor));
        Assert.Equal(Memory + 160 * Step, cursor.Position);
        // One more, since one is done.
        cursor.Follow(jobs[1]);
        Assert.Equal(20, ReadAll(ref cursor));
        Assert.Equal(Memory + 200 * Step, cursor.Position);
        // Back to what has not been read.
        cursor.Follow(jobs[0]);
        Assert.Equal(Memory + 20 * Step, cursor.Position);
        cursor.Follow(null);
        Assert.False(cursor.TryRead());
    }

    [Fact]
    public void Reads_of_later_jobs_what_a_cache_has_room_for()
    {
        ReadAhead first = new(Memory, 300 * Step, 300 * Step);
        ReadAhead second = new(Memory + 300 * Step, 2000 * Step, 2000 * Step) { Then = first };
        first.Then = second;
        ReadAheadCursor cursor = new(0);
        cursor.Follow(first);
        Assert.Equal(MostSteps, ReadAll(ref cursor));
        // The first is done: as much again is free as that took.
        cursor.Follow(second);
        Assert.Equal(300, ReadAll(ref cursor));
        Assert.Equal(Memory + (300 + MostSteps) * Step, cursor.Position);
    }

    private static int ReadAll(ref ReadAheadCursor cursor)
    {
        int steps = 0;
        while (cursor.TryRead())
            steps++;
        return steps;
    }
}
