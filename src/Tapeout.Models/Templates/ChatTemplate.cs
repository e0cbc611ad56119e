using System.Text;
using System.Text.RegularExpressions;
using Tapeout.Models.Tokenizers;
using Tapeout.Quantities;

namespace Tapeout.Models.Templates;

/// <summary>
/// Writes a conversation as the model was trained to read it. The template text of a file is a Jinja program; here the families of the field
/// are recognised by what such a program contains, and written out. A program with more in it (tools, reasoning, macros) is refused rather
/// than rendered almost right.
/// </summary>
public sealed partial class ChatTemplate
{
    private const string Llama31Preamble = "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n";

    // What makes a ChatML or Mistral program more than the loop over messages that is written out here.
    private static readonly string[] _beyondLoop =
    [
        "tool",
        "think",
        "reason",
        "macro",
        "namespace",
        "strftime",
        "is string",
        "is mapping",
        "trim",
    ];

    private readonly string? _defaultSystem;
    private readonly string _preamble;
    private readonly string _behindAnswer;
    private readonly string _begin;
    private readonly string _end;

    private ChatTemplate(
        ChatTemplateFamily family,
        string begin = "",
        string end = "",
        string? defaultSystem = null,
        string preamble = "",
        string behindAnswer = ""
    )
    {
        Family = family;
        _begin = begin;
        _end = end;
        _defaultSystem = defaultSystem;
        _preamble = preamble;
        _behindAnswer = behindAnswer;
    }

    /// <summary>The family.</summary>
    public ChatTemplateFamily Family { get; }

    /// <summary>The template of <paramref name="model"/>; one that is not recognised is refused with a sentence.</summary>
    public static ChatTemplate Of(Model model) =>
        Recognise(
            model.ChatTemplate,
            TextOf(model, model.Configuration.BeginningOfText),
            TextOf(model, model.Configuration.EndOfText),
            model.Source
        );

    /// <summary>A family's plain form for <paramref name="model"/>, whatever template its file has.</summary>
    public static ChatTemplate Of(Model model, ChatTemplateFamily family) =>
        family is ChatTemplateFamily.Plain or ChatTemplateFamily.ChatMl
            ? new(family)
            : new(
                family,
                TextOf(model, model.Configuration.BeginningOfText),
                family == ChatTemplateFamily.Llama3 ? "" : TextOf(model, model.Configuration.EndOfText)
            );

    /// <summary>Recognises a template by its content.</summary>
    /// <param name="template">The Jinja program of the file; null for a model without one.</param>
    /// <param name="beginText">The text of the beginning-of-text token (Jinja's <c>bos_token</c>).</param>
    /// <param name="endText">The text of the end-of-text token (<c>eos_token</c>).</param>
    /// <param name="source">The file, for the sentence.</param>
    /// <exception cref="InvalidInputException">The template is none of the known.</exception>
    public static ChatTemplate Recognise(string? template, string beginText, string endText, string source)
    {
        if (string.IsNullOrWhiteSpace(template))
            return new(ChatTemplateFamily.Plain);
        bool simple = !_beyondLoop.Any(w => template.Contains(w, StringComparison.OrdinalIgnoreCase));
        bool Has(string text) => template.Contains(text, StringComparison.Ordinal);
        if (simple && Has("<|im_start|>") && Has("<|im_end|>") && !Has("raise_exception"))
            return new(ChatTemplateFamily.ChatMl, defaultSystem: DefaultSystemTurn(template));
        if (Has("<|start_header_id|>") && Has("<|eot_id|>") && Has("trim") && !Has("strftime_now"))
        {
            if (Has("Cutting Knowledge Date: December 2023") && Has("26 Jul 2024"))
                return new(ChatTemplateFamily.Llama3, beginText, preamble: Llama31Preamble);
            if (!Has("tools"))
                return new(ChatTemplateFamily.Llama3, beginText);
        }
        if (Has("[INST]") && Has("<<SYS>>") && !Has("tools"))
            return new(ChatTemplateFamily.Llama2, beginText, endText);
        if (simple && Has("[INST]") && !Has("SYSTEM_PROMPT"))
            return new(ChatTemplateFamily.Mistral, beginText, endText, behindAnswer: Has("eos_token + ' '") ? " " : "");
        throw new InvalidInputException(
            $"{source}: the chat template ('tokenizer.chat_template', {template.Length} characters) is none of the known families (ChatML, Llama 2, "
                + "Llama 3, Mistral); name one with --template, or use 'run' with the prompt written out."
        );
    }

    /// <summary>
    /// The conversation as text.
    /// </summary>
    /// <param name="messages">The messages, oldest first.</param>
    /// <param name="addGenerationPrompt">Ends with the head of an assistant's turn, for the model to go on from.</param>
    /// <exception cref="InvalidInputException">The family cannot express the conversation.</exception>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt) =>
        string.Concat(Parts(messages, addGenerationPrompt).Select(p => p.Text));

    /// <summary>
    /// The conversation as tokens. The template's own control texts become control tokens; the same texts inside a message stay plain text,
    /// so that a message cannot end its turn.
    /// </summary>
    public int[] Encode(ITokenizer tokenizer, IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        List<Part> parts = Parts(messages, addGenerationPrompt);
        // The families that write the beginning-of-text token themselves must not get a second one.
        bool addSpecial = _begin.Length == 0;
        if (!parts.Any(p => p.IsContent && tokenizer.ContainsSpecialText(p.Text)))
            return tokenizer.Encode(string.Concat(parts.Select(p => p.Text)), addSpecial, parseSpecial: true);
        List<int> ids = [];
        for (int i = 0; i < parts.Count; i++)
            ids.AddRange(tokenizer.Encode(parts[i].Text, addSpecial && i == 0, parseSpecial: !parts[i].IsContent));
        return [.. ids];
    }

    private static string TextOf(Model model, int? id) =>
        id is int token ? Encoding.UTF8.GetString(model.RequireTokenizer().TokenBytes(token)) : "";

    private static string? DefaultSystemTurn(string template)
    {
        Match match = DefaultSystem().Match(template);
        return match.Success ? match.Groups[1].Value.Replace("\\n", "\n", StringComparison.Ordinal) : null;
    }

    // A first message that is no system message puts this turn in front: '<|im_start|>system\n…<|im_end|>\n'.
    [GeneratedRegex(
        @"messages\[0\]\[['""]role['""]\] *!= *['""]system['""].*?<\|im_start\|>system(?:\n|\\n)(.*?)<\|im_end\|>",
        RegexOptions.Singleline
    )]
    private static partial Regex DefaultSystem();

    private List<Part> Parts(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        List<Part> parts = [];
        switch (Family)
        {
            case ChatTemplateFamily.ChatMl:
                WriteChatMl(messages, addGenerationPrompt, parts);
                break;
            case ChatTemplateFamily.Llama3:
                WriteLlama3(messages, addGenerationPrompt, parts);
                break;
            case ChatTemplateFamily.Llama2 or ChatTemplateFamily.Mistral:
                WriteInstructions(messages, parts);
                break;
            default:
                for (int i = 0; i < messages.Count; i++)
                {
                    Markup(parts, i == 0 ? "" : "\n");
                    Content(parts, messages[i].Content);
                }
                break;
        }
        return parts;
    }

    private void WriteChatMl(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, List<Part> parts)
    {
        if (_defaultSystem is not null && messages.Count > 0 && messages[0].Role != "system")
            Markup(parts, $"<|im_start|>system\n{_defaultSystem}<|im_end|>\n");
        foreach (ChatMessage message in messages)
        {
            Markup(parts, $"<|im_start|>{message.Role}\n");
            Content(parts, message.Content);
            Markup(parts, "<|im_end|>\n");
        }
        if (addGenerationPrompt)
            Markup(parts, "<|im_start|>assistant\n");
    }

    private void WriteLlama3(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, List<Part> parts)
    {
        Markup(parts, _begin);
        int first = 0;
        if (_preamble.Length > 0)
        {
            // Llama 3.1 always has a system turn, which states two dates.
            Markup(parts, "<|start_header_id|>system<|end_header_id|>\n\n" + _preamble);
            if (messages.Count > 0 && messages[0].Role == "system")
            {
                Content(parts, messages[0].Content.Trim());
                first = 1;
            }
            Markup(parts, "<|eot_id|>");
        }
        foreach (ChatMessage message in messages.Skip(first))
        {
            Markup(parts, $"<|start_header_id|>{message.Role}<|end_header_id|>\n\n");
            Content(parts, message.Content.Trim());
            Markup(parts, "<|eot_id|>");
        }
        if (addGenerationPrompt)
            Markup(parts, "<|start_header_id|>assistant<|end_header_id|>\n\n");
    }

    private void WriteInstructions(IReadOnlyList<ChatMessage> messages, List<Part> parts)
    {
        bool llama2 = Family == ChatTemplateFamily.Llama2;
        string system = "";
        int first = 0;
        if (messages.Count > 0 && messages[0].Role == "system")
        {
            if (!llama2)
                throw new InvalidInputException("This model's chat template has no system turn; leave the system message out.");
            system = $"<<SYS>>\n{messages[0].Content}\n<</SYS>>\n\n";
            first = 1;
        }
        if (!llama2)
            Markup(parts, _begin);
        for (int i = first; i < messages.Count; i++)
        {
            bool user = (i - first) % 2 == 0;
            if (messages[i].Role != (user ? "user" : "assistant"))
                throw new InvalidInputException("This model's chat template needs user and assistant messages in turn, user first.");
            if (llama2 && user)
            {
                Markup(parts, $"{_begin}[INST] ");
                Content(parts, (system + messages[i].Content).Trim());
                Markup(parts, " [/INST]");
                system = "";
            }
            else if (llama2)
            {
                Markup(parts, " ");
                Content(parts, messages[i].Content.Trim());
                Markup(parts, $" {_end}");
            }
            else
            {
                Markup(parts, user ? "[INST] " : "");
                Content(parts, messages[i].Content);
                Markup(parts, user ? " [/INST]" : _end + _behindAnswer);
            }
        }
    }

    private static void Markup(List<Part> parts, string text)
    {
        if (text.Length > 0)
            parts.Add(new(text, false));
    }

    private static void Content(List<Part> parts, string text)
    {
        if (text.Length > 0)
            parts.Add(new(text, true));
    }

    private readonly record struct Part(string Text, bool IsContent);
}
