using System.Text.Json.Nodes;

namespace Tapeout.Cli.Tests;

/// <summary>A command line, executed in this process.</summary>
internal sealed record Invocation(int Code, string Output, string Errors)
{
    public string[] ErrorLines => Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public JsonNode Json => JsonNode.Parse(Output)!;

    public static Invocation Of(params string[] arguments) => With("", arguments);

    public static Invocation With(string input, params string[] arguments)
    {
        using StringWriter output = new();
        using StringWriter errors = new();
        int code = CommandLine.Run(arguments, output, errors, new StringReader(input));
        return new(code, output.ToString().ReplaceLineEndings("\n"), errors.ToString().ReplaceLineEndings("\n"));
    }

    /// <summary>As <see cref="Of"/>, for command lines that must succeed.</summary>
    public static Invocation Good(params string[] arguments)
    {
        Invocation made = Of(arguments);
        Assert.True(made.Code == 0, $"tapeout {string.Join(' ', arguments)} ended with {made.Code}: {made.Errors}");
        return made;
    }
}
