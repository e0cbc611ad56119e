using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Machine;
using Tapeout.Machine.Sessions;
using Tapeout.Models;
using Tapeout.Models.Templates;
using Tapeout.Models.Tokenizers;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary>A conversation on one chip. The keys and values of what has been said stay in the chip's memory from turn to turn.</summary>
internal sealed class Conversation : IDisposable
{
    /// <summary>Texts that end a turn in the known families; those that the vocabulary has as tokens stop an answer.</summary>
    private static readonly string[] EndsOfTurn = ["<|im_end|>", "<|eot_id|>", "</s>"];

    private readonly ITokenizer _tokenizer;
    private readonly ChatTemplate _template;
    private readonly IMachine _machine;
    private readonly Session _session;
    private readonly Sampler _sampler;
    private readonly int[] _stops;
    private readonly int _maxTokens;
    private readonly string? _system;
    private readonly List<ChatMessage> _messages = [];
    private int? _request;

    public Conversation(
        Model model,
        ChatTemplate template,
        CompilationResult compiled,
        MachineOption.Choice machine,
        Action<string> notes,
        string? system,
        int maxTokens,
        Sampler sampler
    )
    {
        _tokenizer = model.RequireTokenizer();
        _template = template;
        _machine = machine.Open(compiled, notes);
        _session = new(_machine);
        _sampler = sampler;
        _maxTokens = maxTokens;
        _system = system;
        _stops = [.. model.Configuration.EndOfGeneration.Concat(EndsOfTurn.Select(_tokenizer.Find).OfType<int>()).Distinct()];
        Reset();
    }

    /// <summary>Positions of the last prompt that did not have to be processed again.</summary>
    public int Reused { get; private set; }

    /// <summary>Forgets all that has been said.</summary>
    public void Reset()
    {
        _messages.Clear();
        if (_system is not null)
            _messages.Add(new("system", _system));
    }

    /// <summary>Answers a message, part by part as the text is made.</summary>
    /// <param name="message">What the user says.</param>
    /// <param name="cancellation">Ends the answer; what was said of it stays said.</param>
    /// <exception cref="InvalidInputException">The conversation does not fit the context; the message is taken back.</exception>
    public IEnumerable<string> Answer(string message, CancellationToken cancellation)
    {
        _messages.Add(new("user", message));
        try
        {
            Prompt([.. _template.Encode(_tokenizer, _messages, addGenerationPrompt: true)]);
        }
        catch (InvalidInputException)
        {
            _messages.RemoveAt(_messages.Count - 1);
            throw;
        }
        StreamingDecoder decoder = new(_tokenizer);
        List<int> made = [];
        bool isOver = false;
        while (!isOver && !cancellation.IsCancellationRequested)
        {
            foreach (GeneratedToken token in _session.Advance())
            {
                isOver = token.Finish != FinishReason.None;
                if (token.Finish == FinishReason.Stop)
                    continue;
                made.Add(token.Id);
                string text = decoder.Add(token.Id);
                if (text.Length > 0)
                    yield return text;
            }
        }
        string rest = decoder.Finish();
        if (rest.Length > 0)
            yield return rest;
        _messages.Add(new("assistant", _tokenizer.Decode([.. made], true)));
    }

    public void Dispose() => _machine.Dispose();

    private void Prompt(int[] ids)
    {
        if (_request is int request)
        {
            Reused = _session.Continue(request, [.. ids], _maxTokens);
            return;
        }
        _request = _session.Add(
            new()
            {
                Prompt = [.. ids],
                MaxTokens = _maxTokens,
                Sampler = _sampler,
                StopIds = [.. _stops],
                KeepsCache = true,
            }
        );
    }
}
