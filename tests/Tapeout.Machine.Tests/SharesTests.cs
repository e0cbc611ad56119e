using Tapeout.Machine.Fast;

namespace Tapeout.Machine.Tests;

/// <summary>How work is cut into items: nothing is left out or done twice, and the last items are small.</summary>
public sealed class SharesTests
{
    [Fact]
    public void Of_AnyUnitsMembersAndFirstRound_CoversEveryUnitOnceInOrder()
    {
        for (int units = 0; units < 300; units++)
        {
            foreach (int members in new[] { 1, 2, 3, 8, 64 })
            {
                foreach (int eighths in new[] { 1, 4, 7, 8 })
                {
                    Shares shares = new(units, members, eighths);
                    int next = 0;
                    for (int item = 0; item < shares.Count; item++)
                    {
                        (int first, int count) = shares.Of(item);
                        Assert.True(
                            first == next && count > 0,
                            $"{units} units, {members} members, {eighths}/8: item {item} is {first}, {count}"
                        );
                        next += count;
                    }
                    Assert.Equal(units, next);
                }
            }
        }
    }

    [Fact]
    public void Of_SeveralMembers_HandsOutLongItemsFirstAndSingleUnitsLast()
    {
        Shares shares = new(128, 2, 7);
        Assert.Equal([56, 56, 4, 4, 2, 2, 1, 1, 1, 1], Enumerable.Range(0, shares.Count).Select(item => shares.Of(item).Count));
        Assert.Equal((0, 128), new Shares(128, 1, 7).Of(0));
        Assert.Equal(1, new Shares(128, 1, 7).Count);
    }
}
