using Tapeout.Isa;
using Tapeout.Machine.Reference;

namespace Tapeout.Machine.Fast;

/// <summary>
/// Executes a tape to the same bits as the reference machine, faster: tiles are merged where they do parts of one thing
/// (<see cref="TileMerger"/>), products, attention and row functions run as vector code on several threads. SEND, RECV and what a kernel refuses are
/// executed by the reference machine's methods.
/// </summary>
public sealed class FastMachine : IMachine
{
    private readonly ReferenceMachine _executor;
    private readonly MergedRole?[] _merged;
    private readonly FastKernels _kernels;
    private readonly ComparingKernels? _comparing;
    private readonly WeightCache? _cache;

    /// <summary>Merges the roles, packs the constants.</summary>
    /// <param name="tape">A verified tape.</param>
    /// <param name="constants">The quantised model that the tape was compiled for.</param>
    /// <param name="threads">Threads that execute; 0 for one a processor.</param>
    /// <param name="cacheDirectory">
    /// A folder where packed weights are kept between runs, see <see cref="CacheNote"/>; null or constants without <see cref="IConstantSource.Hash"/>: nowhere.
    /// </param>
    /// <exception cref="TapeFaultException">A tensor does not have the format or shape of its buffer.</exception>
    public FastMachine(Tape tape, IConstantSource constants, int threads = 0, string? cacheDirectory = null)
        : this(tape, constants, threads, compares: false, cacheDirectory) { }

    /// <summary>As the public constructor; with <paramref name="compares"/> every kernel is held against its definition.</summary>
    internal FastMachine(Tape tape, IConstantSource constants, int threads, bool compares, string? cacheDirectory = null)
    {
        Tape = tape;
        Threads = threads > 0 ? threads : Environment.ProcessorCount;
        _merged = [.. tape.Roles.Select(role => TileMerger.Merge(role, tape.Envelope.Bounds))];
        Tape merged = tape with { Roles = [.. tape.Roles.Select((role, i) => _merged[i]?.Role ?? role)] };
        _cache = cacheDirectory is not null && constants.Hash is { } hash ? new(cacheDirectory, hash) : null;
        _kernels = new(constants, Threads, _cache);
        _comparing = compares ? new(_kernels) : null;
        using WorkerTeam.Binding bound = _kernels.Bind();
        _executor = new(merged, constants, _comparing ?? (IKernels)_kernels) { Threads = Threads };
    }

    /// <inheritdoc/>
    public Tape Tape { get; }

    /// <inheritdoc/>
    public StepOutput Output => _executor.Output;

    /// <summary>Threads that execute; no bit depends on it.</summary>
    public int Threads { get; }

    /// <summary>The roles whose tiles were merged; the others are executed tile by tile.</summary>
    public int MergedRoles => _merged.Count(m => m is not null);

    /// <summary>What the cache of packed weights did that a user should know, as a clause; empty for nothing.</summary>
    public string CacheNote => _cache?.Note ?? "";

    /// <summary>What the cache of packed weights did.</summary>
    public WeightCacheUse CacheUse => _cache?.Use ?? WeightCacheUse.None;

    internal long ComparedInstructions => _comparing?.Compared ?? 0;

    /// <inheritdoc/>
    public void Execute(Step step)
    {
        using WorkerTeam.Binding bound = _kernels.Bind();
        _executor.Execute(step);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _executor.Dispose();
        _kernels.Dispose();
    }
}
