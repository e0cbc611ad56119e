using System.Diagnostics.CodeAnalysis;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary>Gathers what is wrong with several inputs, so that all of it is told at once.</summary>
internal sealed class Refusals
{
    private readonly List<string> _problems = [];

    /// <summary>The value, or its type's default after a refusal that is kept for later.</summary>
    [return: MaybeNull]
    public T Try<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (InvalidInputException e)
        {
            _problems.AddRange(e.Problems.Except(_problems));
            return default;
        }
    }

    /// <summary>Keeps a sentence that refuses something.</summary>
    public void Add(string problem) => _problems.Add(problem);

    /// <summary>True if something was refused.</summary>
    public bool Any => _problems.Count > 0;

    /// <summary>Refuses with all that was found; does nothing if that is nothing.</summary>
    /// <exception cref="InvalidInputException">Something was refused.</exception>
    public void Throw()
    {
        if (Any)
            throw new InvalidInputException(_problems);
    }
}
