using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Tapeout.Numerics.Kernels.Emitted;

/// <summary>
/// Machine code written while the program runs, for vector instructions that .NET has no methods for (512-bit VNNI) and for loops with more registers than are
/// worth being written by hand. It makes the same bits as the code it stands in for.
/// </summary>
public static unsafe partial class MachineCode
{
    /// <summary>Set to 0, the code that is compiled from C# is used instead.</summary>
    public const string Switch = "TAPEOUT_MACHINE_CODE";

    /// <summary>Set to 1, <c>/tmp/perf-PID.map</c> gets a line for each piece of code, so that <c>perf report</c> names it.</summary>
    public const string MapSwitch = "TAPEOUT_PERF_MAP";

    private static readonly Lock MapLock = new();

    /// <summary>True on Linux on x86-64 with AVX-512 F, BW and VNNI, unless <see cref="Switch"/> or .NET's switches for AVX-512 turn it off.</summary>
    public static bool IsAvailable { get; } =
        OperatingSystem.IsLinux()
        && RuntimeInformation.ProcessArchitecture == Architecture.X64
        && Avx512F.IsSupported
        && Avx512BW.IsSupported
        && HasVnni()
        && Environment.GetEnvironmentVariable(Switch) != "0"
        && TryPublish([0xC3], out _);

    /// <summary>Copies code into memory that can be executed and no longer be written; it stays until the process ends.</summary>
    /// <exception cref="InsufficientMemoryException">The system has none left.</exception>
    /// <param name="code">The code.</param>
    /// <param name="name">What it does, for profilers (<see cref="MapSwitch"/>).</param>
    internal static nint Publish(byte[] code, string name)
    {
        if (!TryPublish(code, out nint address))
        {
            throw new InsufficientMemoryException(
                $"There is no memory for {code.Length} bytes of machine code: set {Switch}=0 to do without."
            );
        }
        if (Environment.GetEnvironmentVariable(MapSwitch) == "1")
            AddToMap(address, code.Length, name);
        return address;
    }

    /// <summary>A line "start size name", numbers in hexadecimal: the format of perf's maps of code written at run time.</summary>
    private static void AddToMap(nint address, int length, string name)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{address:x} {length:x} tapeout {name}\n");
        try
        {
            lock (MapLock)
                File.AppendAllText(string.Create(CultureInfo.InvariantCulture, $"/tmp/perf-{Environment.ProcessId}.map"), line);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A profile without names is no reason to stop.
        }
    }

    private static bool TryPublish(byte[] code, out nint address)
    {
        nuint length = (nuint)code.Length;
        const int ReadWrite = 3;
        const int ReadExecute = 5;
        const int PrivateAnonymous = 0x22;
        void* memory = Map(null, length, ReadWrite, PrivateAnonymous, -1, 0);
        address = (nint)memory;
        if (address == -1)
            return false;
        code.CopyTo(new Span<byte>(memory, code.Length));
        return Protect(memory, length, ReadExecute) == 0;
    }

    /// <summary>CPUID leaf 7, ECX bit 11.</summary>
    private static bool HasVnni() => X86Base.IsSupported && X86Base.CpuId(0, 0).Eax >= 7 && (X86Base.CpuId(7, 0).Ecx & 1 << 11) != 0;

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial void* Map(void* address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int Protect(void* address, nuint length, int protection);
}
