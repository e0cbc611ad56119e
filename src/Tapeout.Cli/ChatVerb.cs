using System.CommandLine;
using Tapeout.Compiler;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Models.Templates;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary><c>tapeout chat</c>: a conversation with a model on a virtual chip, line by line from a terminal or a pipe.</summary>
internal static class ChatVerb
{
    private const int DefaultContext = 4096;

    private static readonly string[] Families = [.. Enum.GetNames<ChatTemplateFamily>().Select(name => name.ToLowerInvariant())];

    public static Command Create(TextReader input, TextWriter output, TextWriter errors)
    {
        CommonOptions common = new();
        SamplingOptions sampling = new(defaultMaxTokens: 512);
        MachineOption machine = new();
        Option<string?> template = new("--template")
        {
            Description = $"How turns are written, where the file does not say: {string.Join(", ", Families)}.",
        };
        Option<string?> system = new("--system") { Description = "What the model is told before the first turn." };
        Command command = new("chat", "Talks with a model on a virtual chip.") { template, system };
        sampling.AddTo(command);
        machine.AddTo(command);
        common.AddTo(command);
        command.SetAction(parsed =>
        {
            Refusals refusals = new();
            int maxTokens = refusals.Try(() => sampling.MaxTokens(parsed));
            Sampler? sampler = refusals.Try(() => sampling.Sampler(parsed));
            ChatTemplateFamily? family = refusals.Try(() => Family(parsed.GetValue(template)));
            (Model model, CompilationOptions options) = common.Read(parsed, refusals);
            using (model)
            {
                ChatTemplate chosen = Template(model, family);
                using ProgressLine progress = new(errors);
                int context =
                    options.ContextLength > 0 ? options.ContextLength : Math.Min(DefaultContext, model.Configuration.ContextLength);
                options = options with
                {
                    ContextLength = context,
                    MaxLogitRows = 1,
                    Candidates = SamplingOptions.Candidates(sampler!),
                    Progress = progress.Start,
                };
                CompilationResult compiled = Compilation.CompileLargestStep(model, ref options);
                foreach (string note in CommonOptions.Notes(model, options, compiled))
                    errors.WriteLine($"note: {note}");
                List<string> opening = [];
                progress.Start("filling the chip's memory");
                using Conversation conversation = new(
                    model,
                    chosen,
                    compiled,
                    machine.Read(parsed),
                    opening.Add,
                    parsed.GetValue(system),
                    maxTokens,
                    sampler!
                );
                progress.Finish();
                foreach (string note in opening)
                    errors.WriteLine($"note: {note}");
                bool isTerminal = ReferenceEquals(input, Console.In) && !Console.IsInputRedirected;
                if (isTerminal)
                {
                    output.WriteLine(
                        $"{model.Name} in {compiled.Tape.Format} on {options.Chips} × {options.Chip.Name}, context {context}. /reset starts over, /exit or Ctrl-D ends; Ctrl-C stops an answer."
                    );
                }
                return Talk(conversation, input, output, errors, isTerminal, progress);
            }
        });
        return command;
    }

    private static int Talk(
        Conversation conversation,
        TextReader input,
        TextWriter output,
        TextWriter errors,
        bool isTerminal,
        ProgressLine progress
    )
    {
        while (true)
        {
            if (isTerminal)
                output.Write("> ");
            output.Flush();
            string? line = input.ReadLine();
            if (line is null)
            {
                if (isTerminal)
                    output.WriteLine();
                return 0;
            }
            switch (line.TrimEnd())
            {
                case "":
                    continue;
                case "/exit" or "/quit":
                    return 0;
                case "/reset":
                    conversation.Reset();
                    continue;
                case ['/', ..] command when !command.Contains(' '):
                    errors.WriteLine($"tapeout: '{command}' is not a command here: use /reset or /exit, or put a space before a text.");
                    continue;
            }
            using Interruption interruption = new();
            try
            {
                progress.Start("reading");
                foreach (string text in conversation.Answer(line, interruption.Token))
                {
                    progress.Finish();
                    output.Write(text);
                    output.Flush();
                }
                progress.Finish();
                output.WriteLine();
            }
            catch (InvalidInputException e) when (isTerminal)
            {
                progress.Finish();
                foreach (string problem in e.Problems)
                    errors.WriteLine($"tapeout: {problem}");
            }
            if (interruption.Happened && !isTerminal)
                return 130;
        }
    }

    private static ChatTemplateFamily? Family(string? name)
    {
        if (name is null)
            return null;
        int index = Array.IndexOf(Families, name.ToLowerInvariant());
        return index >= 0
            ? Enum.GetValues<ChatTemplateFamily>()[index]
            : throw new InvalidInputException(
                $"'{name}' is not a chat template{Sentence.DidYouMean(name, Families)}: use {Sentence.Alternatives(Families)}."
            );
    }

    private static ChatTemplate Template(Model model, ChatTemplateFamily? family)
    {
        model.RequireTokenizer();
        if (family is ChatTemplateFamily chosen)
            return ChatTemplate.Of(model, chosen);
        return model.ChatTemplate is null
            ? throw new InvalidInputException(
                $"{model.Source} has no chat template ('tokenizer.chat_template'), so it was probably not trained to talk: use 'run', or choose how turns are written with --template {string.Join("|", Families)}."
            )
            : ChatTemplate.Of(model);
    }
}
