using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Tapeout.Machine.Sessions;

namespace Tapeout.Machine.Vectors;

/// <summary>One SHA-256 of all logits of a run: of every position of a prompt, and of the tokens that follow it greedily.</summary>
/// <param name="Sha256">SHA-256, in hex, of the float32 little-endian logits of the first sequence, position after position.</param>
/// <param name="Positions">Positions that the first sequence has logits of.</param>
/// <param name="Difference">Empty; else a sentence on the neighbour whose logits differ from the first sequence's where both have the same text before them.</param>
public sealed record LogitSum(string Sha256, int Positions, string Difference)
{
    /// <summary>
    /// Runs a prompt beside neighbours that are the same prompt without its last 1, 2, 3 … tokens, so that the batch is ragged and every
    /// neighbour's logits are known.
    /// </summary>
    /// <param name="machine">The machine; its tape has room for the batch, and logits for every token of a step.</param>
    /// <param name="prompt">The prompt's tokens, at least one.</param>
    /// <param name="maxTokens">Tokens made behind each prompt, greedily.</param>
    /// <param name="batch">Sequences at once.</param>
    /// <param name="chunk">Most tokens of a step.</param>
    /// <param name="cancellation">Ends the run before the next step.</param>
    public static LogitSum Of(
        IMachine machine,
        ImmutableArray<int> prompt,
        int maxTokens,
        int batch,
        int chunk,
        CancellationToken cancellation = default
    )
    {
        Session session = new(machine, new() { ChunkTokens = chunk, MaxSequences = batch });
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
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
        return new(Convert.ToHexStringLower(hash.GetHashAndReset()), rows[0].Count, difference);

        int Length(int sequence) => prompt.Length - sequence % prompt.Length;
    }
}
