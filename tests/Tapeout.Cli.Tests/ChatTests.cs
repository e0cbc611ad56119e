using Tapeout.Testing;

namespace Tapeout.Cli.Tests;

public sealed class ChatTests
{
    private static readonly string[] Plain = ["chat", "--template", "plain", "--max-tokens", "12"];

    [Fact]
    public void Chat_FromAPipe_AnswersLineByLine_UntilTheEnd()
    {
        Invocation made = Invocation.With("Once upon a time\n\nThe dog was\n", Plain);
        Assert.Equal(0, made.Code);
        string[] answers = made.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, answers.Length);
        Assert.DoesNotContain(">", made.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Chat_SecondTurn_IsWhatARunOfTheWholeTextMakes()
    {
        Invocation made = Invocation.With("Once upon a time\nThe dog was\n", Plain);
        string[] answers = made.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Continuation("Once upon a time"), answers[0]);
        Assert.Equal(Continuation($"Once upon a time\n{answers[0]}\nThe dog was"), answers[1]);
    }

    [Fact]
    public void Chat_Exit_EndsBeforeTheRest() =>
        Assert.Single(Invocation.With("Once\n/exit\nTwice\n", Plain).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));

    [Fact]
    public void Chat_Reset_ForgetsWhatWasSaid()
    {
        string[] answers = Invocation
            .With("Once upon a time\n/reset\nOnce upon a time\n", Plain)
            .Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(answers[0], answers[1]);
    }

    [Fact]
    public void Chat_UnknownCommand_IsSaid()
    {
        Invocation made = Invocation.With("/hlep\n", Plain);
        Assert.Equal(0, made.Code);
        Assert.Contains("'/hlep'", made.Errors, StringComparison.Ordinal);
        Assert.Equal("", made.Output);
    }

    [Fact]
    public void Chat_BeyondTheContext_IsRefused()
    {
        Invocation made = Invocation.With("Once upon a time there was a little girl\n", [.. Plain, "--context", "4"]);
        Assert.Equal(2, made.Code);
        Assert.Contains("context of 4", Assert.Single(made.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public void Chat_OfAnInstructedModel_StopsAtTheEndOfItsTurn()
    {
        if (Environment.GetEnvironmentVariable("TAPEOUT_SLOW") != "1")
            Assert.Skip("reads a model of 135 million parameters; set TAPEOUT_SLOW=1");
        string file = SharedData.PathOf("models/smollm2-135m-instruct/SmolLM2-135M-Instruct.Q4_1.gguf");
        Invocation made = Invocation.With(
            "Name one colour of the rainbow in one word.\n",
            "chat",
            "--model",
            file,
            "--format",
            "native",
            "--chip",
            "reference",
            "--max-tokens",
            "40"
        );
        Assert.Equal(0, made.Code);
        Assert.DoesNotContain("<|im_end|>", made.Output, StringComparison.Ordinal);
        Assert.NotEqual("", made.Output.Trim());
    }

    private static string Continuation(string text) =>
        ((string)Invocation.Good("run", text, "--max-tokens", "12", "--json").Json["output"]!["text"]!).Trim();
}
