using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary>
/// A file that is written beside its target and takes the target's name when it is complete, so that nothing is ever half-written.
/// Disposed without <see cref="Commit"/> it leaves no trace.
/// </summary>
internal sealed class NewFile : IDisposable
{
    private readonly FileStream _stream;
    private readonly string _target;
    private bool _isCommitted;

    private NewFile(FileStream stream, string target)
    {
        _stream = stream;
        _target = target;
    }

    /// <summary>Opens the file; null if there is no target.</summary>
    /// <exception cref="InvalidInputException">The target cannot be written.</exception>
    public static NewFile? Open(FileInfo? target)
    {
        if (target is null)
            return null;
        string path = target.FullName;
        if (Directory.Exists(path))
            throw new InvalidInputException($"'{target}' is a folder: name the file to write.");
        try
        {
            return new(new FileStream(path + ".partial", FileMode.Create), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"'{target}' cannot be written ({Reason(path, e)}): choose another path.", e);
        }
    }

    public void Write(ReadOnlySpan<byte> bytes) => _stream.Write(bytes);

    /// <summary>Bytes written so far.</summary>
    public long Length => _stream.Length;

    /// <summary>Gives the complete file its name.</summary>
    public void Commit()
    {
        _stream.Dispose();
        try
        {
            File.Move(_stream.Name, _target, true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"'{_target}' cannot be replaced ({Reason(_target, e)}): choose another path.", e);
        }
        _isCommitted = true;
    }

    public void Dispose()
    {
        _stream.Dispose();
        if (!_isCommitted)
            File.Delete(_stream.Name);
    }

    private static string Reason(string path, Exception e) =>
        e switch
        {
            DirectoryNotFoundException => $"there is no folder '{Path.GetDirectoryName(path)}'",
            UnauthorizedAccessException => "no permission",
            PathTooLongException => "the name is too long",
            _ => char.ToLowerInvariant(e.Message[0]) + e.Message[1..].TrimEnd('.'),
        };
}
