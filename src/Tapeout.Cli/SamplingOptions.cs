using System.CommandLine;
using Tapeout.Isa;
using Tapeout.Quantities;

namespace Tapeout.Cli;

/// <summary>The options that say how many tokens are made and how they are drawn, shared by the verbs that make tokens.</summary>
internal sealed class SamplingOptions(int defaultMaxTokens)
{
    private readonly Option<int> maxTokens = new("--max-tokens", "-n")
    {
        Description = "Most tokens to make.",
        DefaultValueFactory = _ => defaultMaxTokens,
    };
    private readonly Option<bool> ignoreEos = new("--ignore-eos") { Description = "Go on after an end token." };
    private readonly Option<float> temperature = new("--temperature") { Description = "0 for greedy." };
    private readonly Option<int> topK = new("--top-k") { Description = "Only the k likeliest; 0 for all." };
    private readonly Option<float> topP = new("--top-p")
    {
        Description = "Only the likeliest up to this probability.",
        DefaultValueFactory = _ => 1,
    };
    private readonly Option<ulong> seed = new("--seed") { Description = "Key of the random numbers." };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[maxTokens, ignoreEos, temperature, topK, topP, seed])
            command.Options.Add(option);
    }

    public int MaxTokens(ParseResult parsed) => CommonOptions.Count("--max-tokens", parsed.GetValue(maxTokens), 1);

    public bool IgnoreEndOfText(ParseResult parsed) => parsed.GetValue(ignoreEos);

    /// <summary>The sampler, all that is wrong with it reported at once.</summary>
    /// <exception cref="InvalidInputException">A number is outside what makes sense.</exception>
    public Sampler Sampler(ParseResult parsed)
    {
        float heat = parsed.GetValue(temperature);
        float p = parsed.GetValue(topP);
        int k = parsed.GetValue(topK);
        List<string> problems = [];
        if (!(heat >= 0 && heat <= 100))
            problems.Add($"--temperature is {heat}, but must be 0 to 100.");
        if (!(p > 0 && p <= 1))
            problems.Add($"--top-p is {p}, but must be above 0 and at most 1.");
        if (k is < 0 or > CommonOptions.MostCount)
            problems.Add($"--top-k is {k}, but must be 0 to {CommonOptions.MostCount}.");
        return problems.Count > 0 ? throw new InvalidInputException(problems) : new(heat, k, p, parsed.GetValue(seed), 0);
    }

    /// <summary>Candidates that each part of the vocabulary must hand to <paramref name="sampler"/>.</summary>
    public static int Candidates(Sampler sampler) => sampler.Temperature > 0 ? sampler.TopK : 1;
}
