using CsCheck;
using Tapeout.Machine.Sessions;
using Tapeout.Reports.Evaluation;

namespace Tapeout.Cli.Tests;

/// <summary>The windows and the sums of an evaluation.</summary>
public sealed class EvaluationTests
{
    [Fact]
    public void Chunks_ScoreTheSecondHalf()
    {
        EvaluationText text = EvaluationText.Chunks([.. Enumerable.Range(0, 1100)], 512, 0, 7777);
        Assert.Equal(2, text.Windows.Length);
        Assert.Equal(2 * 255, text.ScoredTokens);
        Assert.All(text.Windows, w => Assert.Equal((7777, 256), (w.Tokens[0], w.FirstLogits)));
        Assert.Equal(513, text.Windows[1].Tokens[1]);
    }

    [Fact]
    public void Sliding_AnyLengthAndStride_EveryTokenOnce()
    {
        (
            from length in Gen.Int[2, 20]
            from stride in Gen.Int[1, length - 1]
            from tokens in Gen.Int[2, 200]
            select (length, stride, tokens)
        ).Sample(
            sample =>
            {
                int[] tokens = [.. Enumerable.Range(0, sample.tokens)];
                EvaluationText text = EvaluationText.Sliding(tokens, sample.length, sample.stride, 0);
                List<int> scored = [];
                foreach (TokenWindow window in text.Windows)
                    scored.AddRange(window.Tokens.AsSpan()[(window.FirstLogits + 1)..]);
                Assert.Equal(tokens[1..], scored);
                Assert.Equal(sample.tokens - 1, text.ScoredTokens);
            },
            iter: 200
        );
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(512)]
    [InlineData(1003)]
    public void LogSoftmax_EqualsTheDefinitionWrittenOutPlainly(int count)
    {
        Random random = new(count);
        float[] p = [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 60 - 30))];
        float[] q = [.. p.Select(x => x + (float)random.NextDouble())];
        double sumP = Math.Log(p.Sum(x => Math.Exp(x)));
        double sumQ = Math.Log(q.Sum(x => Math.Exp(x)));
        Assert.Equal(sumP, LogSoftmax.LogOfSum(p), 1e-12);
        double expected = p.Zip(q, (a, b) => Math.Exp(a - sumP) * (a - sumP - (b - sumQ))).Sum();
        Assert.Equal(expected, LogSoftmax.Divergence(p, sumP, q, sumQ), 1e-12);
        Assert.Equal(Array.IndexOf(p, p.Max()), LogSoftmax.Largest(p));
        TokenScore score = TokenScore.Of(q, p, count / 2);
        Assert.Equal(sumQ - q[count / 2], score.NegativeLogLikelihood, 1e-12);
        Assert.Equal(sumP - p[count / 2], score.BaselineNegativeLogLikelihood, 1e-12);
    }

    [Fact]
    public void Largest_OfEqualLogits_IsTheFirst()
    {
        float[] logits = new float[40];
        logits[33] = logits[21] = 3;
        Assert.Equal(21, LogSoftmax.Largest(logits));
    }

    [Fact]
    public void Scores_OfKnownTokens()
    {
        EvaluationScores scores = new();
        scores.Add([new(1, 0.5, 0.25, true), new(3, 2.5, 0.75, false)]);
        Assert.Equal(Math.Exp(2), scores.Perplexity, 1e-12);
        Assert.Equal(1, scores.MeanStandardError, 1e-12);
        Assert.Equal((0.5, 0.0), scores.LogRatio);
        Assert.Equal(0.5, scores.Divergence);
        Assert.Equal(0.5, scores.SameTop);
        Assert.Equal(0.25, scores.DivergenceQuantile(0.5));
        Assert.Equal(0.75, scores.DivergenceQuantile(1));
    }
}
