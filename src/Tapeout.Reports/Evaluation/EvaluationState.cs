using System.Text.Json;
using Tapeout.Quantities;

namespace Tapeout.Reports.Evaluation;

/// <summary>A file that holds the windows scored so far, so that an evaluation goes on where it was stopped.</summary>
public static class EvaluationState
{
    /// <summary>Reads the scores that an evaluation of the same conditions has left; none if there is no file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="conditions">What the scores depend on: model, text, formats, windows.</param>
    /// <exception cref="InvalidInputException">The file is another evaluation's, or no state at all.</exception>
    public static EvaluationScores Read(string path, string conditions)
    {
        EvaluationScores scores = new();
        if (!File.Exists(path))
            return scores;
        Content content;
        try
        {
            content = JsonSerializer.Deserialize<Content>(File.ReadAllBytes(path)) ?? throw new JsonException("It is empty.");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"'{path}' is no state of an evaluation: name another file for --state, or delete it.", e);
        }
        if (content.Conditions != conditions)
            throw new InvalidInputException(
                $"'{path}' belongs to another evaluation ({content.Conditions}), not to this one ({conditions}): name another file for --state."
            );
        foreach (double[][] window in content.Windows)
            scores.Add([
                .. window.Select(s =>
                    s.Length == 4 ? new TokenScore(s[0], s[1], s[2], s[3] != 0) : new TokenScore(s[0], double.NaN, double.NaN, true)
                ),
            ]);
        return scores;
    }

    /// <summary>Writes the scores beside the file, then gives them its name.</summary>
    public static void Write(string path, string conditions, EvaluationScores scores)
    {
        bool compares = scores.HasBaseline;
        double[][][] windows =
        [
            .. scores.Windows.Select(w =>
                w.Select(s =>
                        compares
                            ? (double[])[s.NegativeLogLikelihood, s.BaselineNegativeLogLikelihood, s.Divergence, s.HasSameTop ? 1 : 0]
                            : [s.NegativeLogLikelihood]
                    )
                    .ToArray()
            ),
        ];
        string partial = path + ".partial";
        try
        {
            File.WriteAllBytes(partial, JsonSerializer.SerializeToUtf8Bytes(new Content(conditions, windows)));
            File.Move(partial, path, true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The state file '{path}' cannot be written: choose another path.", e);
        }
    }

    private sealed record Content(string Conditions, double[][][] Windows);
}
