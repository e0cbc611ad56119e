using System.Globalization;
using System.Text;
using Tapeout.Isa;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>
/// How many tokens each expert of each layer got while a model ran: what ROUTE counted, step after step. Steps of other shapes are timed with
/// the same shares.
/// </summary>
public sealed class ExpertRecording
{
    private const string Header = "layer,expert,tokens";
    private readonly SortedDictionary<int, long[]> _layers = [];

    /// <summary>Makes an empty recording.</summary>
    /// <param name="name">What a report calls it: its file.</param>
    public ExpertRecording(string name) => Name = name;

    /// <summary>What a report calls it.</summary>
    public string Name { get; }

    /// <summary>True if nothing was routed.</summary>
    public bool IsEmpty => _layers.Count == 0;

    /// <summary>Adds the counts of a step that has run.</summary>
    public void Add(Step step)
    {
        foreach (int layer in step.Counts.Layers)
        {
            ReadOnlySpan<int> counts = step.Counts.Of(layer);
            if (!_layers.TryGetValue(layer, out long[]? sums))
                _layers[layer] = sums = new long[counts.Length];
            for (int e = 0; e < counts.Length; e++)
                sums[e] += counts[e];
        }
    }

    /// <summary>The recording as a table: a line for each layer and expert.</summary>
    public string Text()
    {
        StringBuilder text = new(Header + "\n");
        foreach ((int layer, long[] counts) in _layers)
        {
            for (int e = 0; e < counts.Length; e++)
                text.Append(CultureInfo.InvariantCulture, $"{layer},{e},{counts[e]}\n");
        }
        return text.ToString();
    }

    /// <summary>Reads a table that <see cref="Text"/> wrote.</summary>
    /// <exception cref="InvalidInputException">The text is no such table; the line is named.</exception>
    public static ExpertRecording Parse(string name, string text)
    {
        ExpertRecording recording = new(name);
        Dictionary<int, List<long>> layers = [];
        string[] lines = text.Split('\n', StringSplitOptions.TrimEntries);
        if (lines[0] != Header)
            throw Wrong(0, $"the first line of a recording is '{Header}'");
        for (int i = 1; i < lines.Length; i++)
        {
            if (lines[i].Length == 0)
                continue;
            string[] cells = lines[i].Split(',');
            if (
                cells.Length != 3
                || !int.TryParse(cells[0], NumberStyles.None, CultureInfo.InvariantCulture, out int layer)
                || !int.TryParse(cells[1], NumberStyles.None, CultureInfo.InvariantCulture, out int expert)
                || !long.TryParse(cells[2], NumberStyles.None, CultureInfo.InvariantCulture, out long tokens)
                || tokens > int.MaxValue
            )
                throw Wrong(i, "a line is three whole numbers, the layer, the expert and its tokens");
            if (!layers.TryGetValue(layer, out List<long>? counts))
                layers[layer] = counts = [];
            if (expert != counts.Count)
                throw Wrong(i, $"expert {counts.Count} of layer {layer} comes next");
            counts.Add(tokens);
        }
        foreach ((int layer, List<long> counts) in layers)
        {
            if (counts.Sum() == 0)
                throw new InvalidInputException($"{name}: no expert of layer {layer} has tokens: record a run that reaches it.");
            recording._layers[layer] = [.. counts];
        }
        return recording;

        InvalidInputException Wrong(int line, string rule) =>
            new(string.Create(CultureInfo.InvariantCulture, $"{name}, line {line + 1}: '{Shortened(lines[line])}', but {rule}."));
        static string Shortened(string line) => line.Length <= 40 ? line : line[..40] + "…";
    }

    /// <summary>
    /// Token and expert pairs of each expert for a step: in the recorded shares, no expert more than <paramref name="tokens"/>, whole numbers by
    /// largest remainder, ties to the lowest expert. What that cap leaves over is dealt one by one.
    /// </summary>
    /// <exception cref="InvalidInputException">The recording has no such layer, or another number of experts.</exception>
    public int[] Counts(int layer, int experts, int tokens, int used)
    {
        if (!_layers.TryGetValue(layer, out long[]? recorded) || recorded.Length != experts)
            throw new InvalidInputException(
                $"{Name} has {(recorded is null ? "no counts" : $"{recorded.Length} experts")} for layer {layer}, but the model routes to {experts}: take a recording of this model."
            );
        long pairs = (long)tokens * used;
        long sum = recorded.Sum();
        int[] counts = new int[experts];
        long left = pairs;
        for (int e = 0; e < experts; e++)
        {
            counts[e] = (int)Int128.Min(tokens, (Int128)pairs * recorded[e] / sum);
            left -= counts[e];
        }
        // Experts that were never chosen come last, and only where all others have every token.
        int[] order =
        [
            .. Enumerable
                .Range(0, experts)
                .OrderByDescending(e => recorded[e] > 0)
                .ThenByDescending(e => (Int128)pairs * recorded[e] % sum)
                .ThenBy(e => e),
        ];
        while (left > 0)
        {
            long before = left;
            foreach (int e in order)
            {
                if (left == 0 || counts[e] == tokens || (recorded[e] == 0 && HasRoom()))
                    continue;
                counts[e]++;
                left--;
            }
            if (left == before)
                break;
        }
        return counts;

        bool HasRoom() => order.Any(e => recorded[e] > 0 && counts[e] < tokens);
    }
}
