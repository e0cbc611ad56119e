using System.Text;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary>Small files that a verb reads whole: tapes, listings and texts.</summary>
internal static class InputFile
{
    /// <summary>More than any tape or listing has; what is longer is something else.</summary>
    private const long MostBytes = 1L << 30;

    private static readonly UTF8Encoding Strict = new(false, true);

    /// <summary>The bytes of a file.</summary>
    /// <exception cref="InvalidInputException">It is not there, is a folder, is too long, or cannot be read.</exception>
    public static byte[] Read(FileInfo file)
    {
        if (Directory.Exists(file.FullName))
            throw new InvalidInputException($"'{file}' is a folder: name a file in it.");
        if (!file.Exists)
            throw new InvalidInputException($"There is no file '{file}': check the path.");
        if (file.Length > MostBytes)
            throw new InvalidInputException(
                $"'{file}' has {file.Length} bytes, more than the {MostBytes} that a tape or listing may have."
            );
        try
        {
            return File.ReadAllBytes(file.FullName);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"'{file}' cannot be read: {e.Message.TrimEnd('.')}.", e);
        }
    }

    /// <summary>The text of a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="expected">Half a sentence on what the file should be, for the refusal.</param>
    /// <exception cref="InvalidInputException">As <see cref="Read"/>, or the file is not UTF-8.</exception>
    public static string Text(FileInfo file, string expected)
    {
        try
        {
            return Strict.GetString(Read(file));
        }
        catch (ArgumentException e)
        {
            throw new InvalidInputException($"'{file}' is not UTF-8 text: {expected}.", e);
        }
    }
}
