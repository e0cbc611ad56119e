using System.Security.Cryptography;
using System.Text;
using Tapeout.Numerics;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Machine.Fast;

/// <summary>
/// A folder of files with packed weights, one for each quantised model and set of products. A file is written beside its name and takes it when it is
/// whole, so processes that start together, a full disk or an end half-way leave either a whole file or none; what is read is checked against hashes.
/// Whatever goes wrong costs time only: then the weights are packed from the model.
/// </summary>
internal sealed class WeightCache
{
    /// <summary>After which a file that was never finished is swept away.</summary>
    private static readonly TimeSpan Abandoned = TimeSpan.FromHours(1);

    private readonly string _directory;
    private readonly string _modelHash;

    /// <summary>A cache for one model.</summary>
    /// <param name="directory">The folder; made if it is not there.</param>
    /// <param name="modelHash">What identifies every bit of the model's tensors, and the code that packs them.</param>
    public WeightCache(string directory, string modelHash)
    {
        _directory = directory;
        _modelHash = modelHash;
    }

    /// <summary>What a reader should know of what the cache did; empty for nothing.</summary>
    public string Note { get; private set; } = "";

    /// <summary>What the cache did.</summary>
    public WeightCacheUse Use { get; private set; }

    /// <summary>The file with these entries; null if there is none, or if it is not to be used.</summary>
    /// <param name="entries">What the entries are called: each name says what it holds.</param>
    public WeightCacheFile? Open(IEnumerable<string> entries)
    {
        string path = PathOf(entries);
        try
        {
            if (!File.Exists(path))
                return null;
            WeightCacheFile file = WeightCacheFile.Open(path);
            Use = WeightCacheUse.Hit;
            return file;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            Note = $"the cached weights in '{path}' cannot be read ({e.Message.TrimEnd('.')}): they are packed anew";
            return null;
        }
    }

    /// <summary>Writes a file; a failure is a note.</summary>
    /// <param name="names">What the entries are called.</param>
    /// <param name="products">The packed weights of the first names.</param>
    /// <param name="tensors">Makes the tensor of a later name, counted from 0.</param>
    public void Write(IReadOnlyList<string> names, IReadOnlyList<InterleavedWeights> products, Func<int, PackedTensor> tensors)
    {
        string path = PathOf(names);
        string partial = $"{path}.{Guid.NewGuid():N}.partial";
        try
        {
            Directory.CreateDirectory(_directory);
            long bytes = WeightCacheFile.Write(partial, names, products, tensors);
            Sweep(File.GetLastWriteTimeUtc(partial) - Abandoned);
            File.Move(partial, path, true);
            Use = WeightCacheUse.Written;
            if (Note.Length == 0)
                Note = $"the packed weights ({bytes / 1048576.0:F0} MiB) are kept in '{_directory}': the next start reads them";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Note = $"the packed weights cannot be kept in '{_directory}' ({e.Message.TrimEnd('.')}): the next start packs them again";
            Remove(partial);
        }
    }

    /// <summary>Names that something goes wrong with a file in use.</summary>
    public void Refuse(string entry)
    {
        Use = WeightCacheUse.None;
        Note = $"the cached weights are damaged (at {entry}): they are packed anew";
    }

    private string PathOf(IEnumerable<string> entries)
    {
        string all = string.Join('\n', [$"{WeightCacheFile.Version} {_modelHash}", .. entries]);
        return Path.Combine(_directory, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)))[..32] + ".weights");
    }

    private void Sweep(DateTime before)
    {
        foreach (string left in Directory.EnumerateFiles(_directory, "*.weights.*.partial"))
        {
            if (File.GetLastWriteTimeUtc(left) < before)
                Remove(left);
        }
    }

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It takes room until the next sweep.
        }
    }
}
