using System.Text.Json;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary>
/// A file of prompts: a text with one prompt a line, or JSON, so that prompts may hold line breaks: an array, or an object with an array
/// <c>prompts</c>, of strings or of objects with a <c>text</c>.
/// </summary>
internal static class PromptFile
{
    /// <summary>The prompts in the order of the file, at least one, none empty.</summary>
    /// <exception cref="InvalidInputException">The file cannot be read, is no JSON where it begins as such, or holds no prompt.</exception>
    public static IReadOnlyList<string> Read(FileInfo path)
    {
        string text = InputFile.Text(path, "write one prompt a line, or a JSON array of strings");
        string[] prompts = text.AsSpan().TrimStart() is ['{' or '[', ..] ? Json(path, text) : Lines(text);
        if (prompts.Length == 0)
            throw new InvalidInputException($"'{path}' holds no prompt: write one a line, or a JSON array of strings.");
        return prompts;
    }

    private static string[] Lines(string text) => [.. text.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0)];

    private static string[] Json(FileInfo path, string text)
    {
        JsonElement root;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            root = document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(
                $"'{path}' begins as JSON but is none: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}."
            );
        }
        if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("prompts", out JsonElement list))
            root = list;
        if (root.ValueKind != JsonValueKind.Array)
            throw new InvalidInputException(
                $"'{path}' has no array of prompts: give [\"…\", …] or {{\"prompts\": [{{\"text\": \"…\"}}, …]}}."
            );
        return [.. root.EnumerateArray().Select((element, index) => Text(path, element, index))];
    }

    private static string Text(FileInfo path, JsonElement element, int index)
    {
        JsonElement text =
            element.ValueKind == JsonValueKind.Object && element.TryGetProperty("text", out JsonElement named) ? named : element;
        return text.ValueKind == JsonValueKind.String && text.GetString() is { Length: > 0 } prompt
            ? prompt
            : throw new InvalidInputException($"'{path}': prompt {index} is neither a text nor an object with a \"text\", or it is empty.");
    }
}
