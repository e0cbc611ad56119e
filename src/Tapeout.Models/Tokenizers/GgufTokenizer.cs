using System.Collections.Frozen;
using System.Text;
using Tapeout.Models.Importers;
using Tapeout.Quantities;

namespace Tapeout.Models.Tokenizers;

/// <summary>Makes a tokenizer from the metadata of a GGUF file.</summary>
public static class GgufTokenizer
{
    // The texts that end a turn or a text in the families of the field; llama.cpp stops at the same.
    private static readonly FrozenSet<string> _endings = FrozenSet.Create(
        "<|eot_id|>",
        "<|im_end|>",
        "<|end|>",
        "<|return|>",
        "<|call|>",
        "<end_of_turn>",
        "<|endoftext|>",
        "<|end_of_text|>",
        "<|eom_id|>",
        "<EOT>",
        "_<EOT>",
        "<|fim_pad|>",
        "<|repo_name|>",
        "<reponame>",
        "<|file_sep|>"
    );

    /// <summary>
    /// The tokenizer of the file, or null if it has none.
    /// </summary>
    /// <param name="metadata">The metadata.</param>
    /// <param name="embeddingRows">Rows of the embedding, which bound the vocabulary; null for a vocabulary without a model.</param>
    /// <exception cref="InvalidInputException">The vocabulary is damaged, or of a kind that is not supported.</exception>
    public static ITokenizer? Load(GgufMetadata metadata, int? embeddingRows = null)
    {
        string? model = metadata.OptionalText("tokenizer.ggml.model");
        switch (model)
        {
            case null or "none" or "no_vocab":
                return null;
            case "llama":
                return new SentencePieceTokenizer(
                    TokenVocabulary.Load(metadata, embeddingRows),
                    metadata.OptionalBool("tokenizer.ggml.add_space_prefix") ?? true
                );
            case "gpt2":
                string family = metadata.OptionalText("tokenizer.ggml.pre") ?? "default";
                PreTokenizer words =
                    PreTokenizer.Find(family)
                    ?? throw new InvalidInputException(
                        $"{metadata.Source}: the pre-tokenizer {Printable.Quote(family)} ('tokenizer.ggml.pre') is not supported; supported are "
                            + $"{PreTokenizer.Names}."
                    );
                return new ByteLevelTokenizer(
                    TokenVocabulary.Load(metadata, embeddingRows),
                    metadata,
                    words,
                    PreTokenizer.IgnoresMerges(family)
                );
            default:
                throw new InvalidInputException(
                    $"{metadata.Source}: the tokenizer model {Printable.Quote(model)} ('tokenizer.ggml.model') is not supported; supported are llama "
                        + "(SentencePiece) and gpt2 (byte-level)."
                );
        }
    }

    /// <summary>True if texts start with the beginning-of-text token: as the file says, else as is usual for its kind.</summary>
    public static bool AddsBeginningOfText(GgufMetadata metadata) =>
        metadata.OptionalBool("tokenizer.ggml.add_bos_token")
        ?? metadata.OptionalText("tokenizer.ggml.model") switch
        {
            "llama" => true,
            "gpt2" => PreTokenizer.IgnoresMerges(metadata.OptionalText("tokenizer.ggml.pre") ?? "default"),
            _ => false,
        };

    /// <summary>All tokens that end generation: end of text, turn and message, and tokens whose text says so; ascending.</summary>
    internal static int[] EndOfGeneration(GgufMetadata metadata, int vocabulary)
    {
        SortedSet<int> ids = [];
        foreach (string key in (string[])["eos_token_id", "eot_token_id", "eom_token_id"])
        {
            if (metadata.TokenId($"tokenizer.ggml.{key}", vocabulary) is int id)
                ids.Add(id);
        }
        metadata.VisitTexts(
            "tokenizer.ggml.tokens",
            (id, text) =>
            {
                if (
                    id < vocabulary
                    && text.Length is > 4 and < 24
                    && text[0] is (byte)'<' or (byte)'_'
                    && _endings.Contains(Encoding.UTF8.GetString(text))
                )
                    ids.Add(id);
            }
        );
        return [.. ids];
    }
}
