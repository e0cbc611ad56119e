using Tapeout.Numerics.Kernels;
using Tapeout.Numerics.Kernels.Emitted;

namespace Tapeout.Numerics.Tests.Kernels;

/// <summary>The probe ends, on any number of threads, and what it says is of the size of a computer's speed.</summary>
public sealed class HostProbeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Probe_AnyThreads_SaysWhatAComputerCouldDo(int threads)
    {
        using HostProbe probe = new(threads);
        Assert.InRange(probe.ReadBytesPerSecond(), 1e8, 1e14);
        double? operations = probe.OperationsPerSecond();
        Assert.Equal(MachineCode.IsAvailable, operations is not null);
        if (operations is { } found)
            Assert.InRange(found, 1e9, 1e16);
    }

    [Fact]
    public void Probe_NoThread_Refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new HostProbe(0));
}
