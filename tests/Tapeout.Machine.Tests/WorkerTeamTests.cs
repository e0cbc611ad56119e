using Tapeout.Machine.Fast;

namespace Tapeout.Machine.Tests;

public class WorkerTeamTests
{
    /// <summary>A small job after a large one and the reverse: a late worker must not take an item of the next job by the last job's number.</summary>
    [Fact]
    public async Task Run_JobsOfDifferentSizes_EveryItemOnce()
    {
        using WorkerTeam team = new(4);
        int[] done = new int[40];
        void Count(int item) => Interlocked.Increment(ref done[item]);
        Task runs = Task.Run(
            () =>
            {
                for (int run = 0; run < 300_000; run++)
                {
                    int items = run % 2 == 0 ? 2 : 40;
                    team.Run(items, Count);
                    for (int item = 0; item < items; item++)
                    {
                        if (done[item] != 1)
                            throw new InvalidOperationException($"run {run}: item {item} was executed {done[item]} times");
                        done[item] = 0;
                    }
                }
            },
            TestContext.Current.CancellationToken
        );
        await runs.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Run_ItemThatThrows_IsThrownToTheCaller()
    {
        using WorkerTeam team = new(2);
        InvalidOperationException thrown = Assert.Throws<InvalidOperationException>(() =>
            team.Run(16, item => _ = item == 11 ? throw new InvalidOperationException("item 11") : item)
        );
        Assert.Equal("item 11", thrown.Message);
        int count = 0;
        team.Run(16, _ => Interlocked.Increment(ref count));
        Assert.Equal(16, count);
    }
}
