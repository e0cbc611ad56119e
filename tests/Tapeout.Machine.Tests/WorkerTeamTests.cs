using Tapeout.Machine.Fast;

namespace Tapeout.Machine.Tests;

public class WorkerTeamTests
{
    /// <summary>A small job after a large one and the reverse: a late worker must not take an item of the next job by the last job's number.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(9)]
    public async Task Run_JobsOfDifferentSizes_EveryItemOnce(int size)
    {
        using WorkerTeam team = new(size);
        int[] done = new int[40];
        void Count(int item) => Interlocked.Increment(ref done[item]);
        Task runs = Task.Run(
            () =>
            {
                for (int run = 0; run < 100_000; run++)
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

    /// <summary>Pauses of all lengths between jobs: workers that spin, that are about to sleep, that sleep and that are being woken.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Run_AfterPauses_EveryItemOnceAndSleepersAreWoken(int size)
    {
        using WorkerTeam team = new(size);
        int[] done = new int[size];
        int byOthers = 0;
        Task runs = Task.Run(
            () =>
            {
                for (int run = 0; run < 600; run++)
                {
                    int caller = Environment.CurrentManagedThreadId;
                    team.Run(
                        size,
                        item =>
                        {
                            Interlocked.Increment(ref done[item]);
                            if (Environment.CurrentManagedThreadId != caller)
                                Interlocked.Increment(ref byOthers);
                            else
                                Thread.Sleep(run % 100 == 99 ? 20 : 0);
                        }
                    );
                    Assert.All(done, count => Assert.Equal(1, count));
                    Array.Clear(done);
                    long until = System.Diagnostics.Stopwatch.GetTimestamp() + run % 50 * System.Diagnostics.Stopwatch.Frequency / 100_000;
                    while (System.Diagnostics.Stopwatch.GetTimestamp() < until)
                        Thread.SpinWait(1);
                    if (run % 100 == 98)
                        Thread.Sleep(5);
                }
            },
            TestContext.Current.CancellationToken
        );
        await runs.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.True(byOthers > 0, "no worker ever took an item");
    }

    /// <summary>Items that wait for each other need every worker, the sleeping ones too: nobody else could take them.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Run_ItemsThatWaitForEachOther_SleepersAreWoken(int size)
    {
        using WorkerTeam team = new(size);
        using Barrier all = new(size);
        bool met = true;
        Task runs = Task.Run(
            () =>
            {
                for (int run = 0; run < 8 && met; run++)
                {
                    Thread.Sleep(20);
                    team.Run(
                        size,
                        _ =>
                        {
                            if (!all.SignalAndWait(TimeSpan.FromSeconds(10)))
                                met = false;
                        }
                    );
                }
            },
            TestContext.Current.CancellationToken
        );
        await runs.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.True(met, "an item waited ten seconds for a worker that slept on");
    }

    /// <summary>A team that nobody gives work ends: its workers sleep, and are woken for it.</summary>
    [Fact]
    public async Task Dispose_WhileWorkersSleepSpinOrFallAsleep_Ends()
    {
        Task ends = Task.Run(
            () =>
            {
                for (int pause = 0; pause < 60; pause++)
                {
                    WorkerTeam team = new(3);
                    team.Run(3, _ => { });
                    if (pause % 3 > 0)
                        Thread.Sleep(pause % 3);
                    team.Dispose();
                }
            },
            TestContext.Current.CancellationToken
        );
        await ends.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
    }

    /// <summary>Members have processors of their own, of those the process may use; the caller has its own only while it asks for it.</summary>
    [Fact]
    public void Bind_CallerAndWorkers_OneProcessorEach()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("threads are bound on Linux only");
        RunOnAThreadOfItsOwn(() =>
        {
            Assert.True(Processors.TryRead(out Processors.Mask before));
            WorkerTeam? team = null;
            // Other tests' teams hold processors for a while.
            for (int attempt = 0; team is null && attempt < 200 && before.Count >= 2; attempt++)
            {
                team = new(2);
                if (team.BoundTo.Length == 0)
                {
                    team.Dispose();
                    team = null;
                    Thread.Sleep(25);
                }
            }
            if (team is null)
                return;
            using (team)
            {
                int[] processors = team.BoundTo.ToArray();
                Assert.Equal(2, processors.Distinct().Count());
                Assert.All(processors, processor => Assert.True(before[processor]));
                using (team.Bind())
                {
                    Assert.True(Processors.TryRead(out Processors.Mask during));
                    Assert.Equal(1, during.Count);
                    Assert.True(during[processors[0]]);
                    int caller = Environment.CurrentManagedThreadId;
                    for (int run = 0; run < 1000; run++)
                    {
                        team.Run(
                            2,
                            item =>
                            {
                                Assert.True(Processors.TryRead(out Processors.Mask mine));
                                bool isCaller = Environment.CurrentManagedThreadId == caller;
                                Assert.True(mine.Count == 1 && mine[processors[isCaller ? 0 : 1]]);
                            }
                        );
                    }
                }
                Assert.True(Processors.TryRead(out Processors.Mask after));
                Assert.Equal(before.Count, after.Count);
                // Another team finds none left of as many as there are.
                Assert.Empty(Processors.Take(before.Count));
            }
        });
    }

    private static void RunOnAThreadOfItsOwn(Action action)
    {
        System.Runtime.ExceptionServices.ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                failure = System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }
}
