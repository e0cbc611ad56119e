using System.Globalization;
using System.Runtime.InteropServices;

namespace Tapeout.Machine.Fast;

/// <summary>
/// The processors that a team's threads are bound to, so that no two of them share one while another is idle. On Linux only: other systems have calls of
/// their own for this, and there threads run where the system puts them.
/// </summary>
internal static unsafe partial class Processors
{
    /// <summary>Set to 0, threads are bound to no processor.</summary>
    public const string Switch = "TAPEOUT_PIN";

    private static readonly HashSet<int> Taken = [];

    /// <summary>
    /// Takes processors for a team: of those that the process may use and no other team of it has taken, different cores first, the one that the caller runs
    /// on in front.
    /// </summary>
    /// <param name="count">Processors, one a thread.</param>
    /// <returns>Their numbers; none where there are too few, where there is only one thread, and on other systems than Linux.</returns>
    public static int[] Take(int count)
    {
        if (count < 2 || !OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable(Switch) == "0" || !TryRead(out Mask allowed))
            return [];
        int here = Current();
        lock (Taken)
        {
            int[] free = [.. Enumerable.Range(0, Mask.Bits).Where(processor => allowed[processor] && !Taken.Contains(processor))];
            HashSet<string> cores = [];
            ILookup<bool, int> isFirst = free.OrderBy(processor => processor != here).ToLookup(processor => cores.Add(Core(processor)));
            int[] ordered = [.. isFirst[true], .. isFirst[false]];
            if (ordered.Length < count)
                return [];
            Taken.UnionWith(ordered[..count]);
            return ordered[..count];
        }
    }

    /// <summary>Gives processors back.</summary>
    public static void Return(int[] processors)
    {
        lock (Taken)
            Taken.ExceptWith(processors);
    }

    /// <summary>Binds the calling thread to one processor until <paramref name="before"/> is restored.</summary>
    /// <param name="processor">Its number.</param>
    /// <param name="before">The processors that the thread could run on.</param>
    /// <returns>False if the system refuses: then nothing has changed.</returns>
    public static bool TryBind(int processor, out Mask before)
    {
        if (!TryRead(out before) || !before[processor])
            return false;
        Mask one = default;
        one[processor] = true;
        return SetAffinity(0, (nuint)sizeof(Mask), &one) == 0;
    }

    /// <summary>Lets the calling thread run on processors that it could run on before.</summary>
    public static void Restore(Mask mask) => _ = SetAffinity(0, (nuint)sizeof(Mask), &mask);

    /// <summary>The processors that the calling thread may run on.</summary>
    public static bool TryRead(out Mask mask)
    {
        Mask read = default;
        // A system of more processors than there are bits refuses.
        bool done = OperatingSystem.IsLinux() && GetAffinity(0, (nuint)sizeof(Mask), &read) == 0;
        mask = read;
        return done;
    }

    /// <summary>What names the core of a processor: its siblings, or itself where the system does not say.</summary>
    private static string Core(int processor)
    {
        string file = string.Create(CultureInfo.InvariantCulture, $"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list");
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return file;
        }
    }

    [LibraryImport("libc", EntryPoint = "sched_setaffinity")]
    private static partial int SetAffinity(int thread, nuint bytes, Mask* mask);

    [LibraryImport("libc", EntryPoint = "sched_getaffinity")]
    private static partial int GetAffinity(int thread, nuint bytes, Mask* mask);

    [LibraryImport("libc", EntryPoint = "sched_getcpu")]
    private static partial int Current();

    /// <summary>A set of processors, as the system has it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Mask
    {
        public const int Bits = 1024;

        private fixed ulong _words[Bits / 64];

        public bool this[int processor]
        {
            readonly get => (_words[processor / 64] >> (processor % 64) & 1) != 0;
            set => _words[processor / 64] = (_words[processor / 64] & ~(1UL << (processor % 64))) | (value ? 1UL << (processor % 64) : 0);
        }

        public readonly int Count
        {
            get
            {
                int count = 0;
                for (int word = 0; word < Bits / 64; word++)
                    count += System.Numerics.BitOperations.PopCount(_words[word]);
                return count;
            }
        }
    }
}
