using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Tapeout.Machine.Sessions;

namespace Tapeout.Machine.Vectors;

/// <summary>One SHA-256 of all logits of a run: of every position of one or more prompts, and of the tokens that follow each greedily.</summary>
/// <param name="Sha256">
/// SHA-256, in hex, of the float32 little-endian logits of the first sequence, position after position; of several prompts, one after the other.
/// </param>
/// <param name="Positions">Positions that the first sequences have logits of, over all prompts.</param>
/// <param name="Difference">Empty; else a sentence on the neighbour whose logits differ from the first sequence's where both have the same text before them.</param>
public sealed record LogitSum(string Sha256, int Positions, string Difference)
{
    /// <summary>
    /// Runs each prompt beside neighbours that are the same prompt without its last 1, 2, 3 … tokens, so that the batch is ragged and every
    /// neighbour's logits are known.
    /// </summary>
    /// <param name="machine">The machine; its tape has room for the batch, and logits for every token of a step.</param>
    /// <param name="prompts">The prompts' tokens, at least one each; each prompt begins with an empty cache.</param>
    /// <param name="maxTokens">Tokens made behind each prompt, greedily.</param>
    /// <param name="batch">Sequences at once.</param>
    /// <param name="chunk">Most tokens of a step.</param>
    /// <param name="cancellation">Ends the run before the next step.</param>
    public static LogitSum Of(
        IMachine machine,
        IReadOnlyList<ImmutableArray<int>> prompts,
        int maxTokens,
        int batch,
        int chunk,
        CancellationToken cancellation = default
    )
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        int positions = 0;
        string difference = "";
        for (int i = 0; i < prompts.Count; i++)
        {
            (int made, string found) = Append(hash, machine, prompts[i], maxTokens, batch, chunk, cancellation);
            positions += made;
            if (difference.Length == 0 && found.Length > 0)
                difference = prompts.Count == 1 ? found : $"{found} of prompt {i}";
        }
        return new(Convert.ToHexStringLower(hash.GetHashAndReset()), positions, difference);
    }

    private static (int Positions, string Difference) Append(
        IncrementalHash hash,
        IMachine machine,
        ImmutableArray<int> prompt,
        int maxTokens,
        int batch,
        int chunk,
        CancellationToken cancellation
    )
    {
        Session session = new(machine, new() { ChunkTokens = chunk, MaxSequences = batch });
        List<byte[]>[] rows = new List<byte[]>[batch];
        session.LogitsReady = row =>
        {
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(row.Values.Span);
            if (row.Request == 0)
                hash.AppendData(bytes);
            rows[row.Request].Add(SHA256.HashData(bytes));
        };
        for (int i = 0; i < batch; i++)
        {
            rows[i] = [];
            session.Add(
                new()
                {
                    Prompt = prompt[..Length(i)],
                    MaxTokens = maxTokens,
                    IgnoreEndOfText = true,
                    LogitsAtEveryPosition = true,
                }
            );
        }
        foreach (GeneratedToken _ in session.Run(cancellation)) { }
        string difference = "";
        for (int i = 1; i < batch && difference.Length == 0; i++)
        {
            for (int position = 0; position < Length(i) && difference.Length == 0; position++)
            {
                if (!rows[i][position].AsSpan().SequenceEqual(rows[0][position]))
                    difference = $"sequence {i} of the batch has other logits at position {position} than sequence 0";
            }
        }
        return (rows[0].Count, difference);

        int Length(int sequence) => prompt.Length - sequence % prompt.Length;
    }
}
