using System.Globalization;
using System.Text.Json.Nodes;
using Tapeout.Machine;
using Tapeout.Machine.Fast;

namespace Tapeout.Cli;

/// <summary>What one row of <c>tapeout bench</c> measured.</summary>
/// <param name="Test">What was done: pp for prompt processing, tg for text generation, as llama-bench names them.</param>
/// <param name="Batch">Sequences at once.</param>
/// <param name="Threads">Threads.</param>
/// <param name="Tokens">Tokens of a run, of all sequences.</param>
/// <param name="Steps">Steps of a run.</param>
/// <param name="StepTokens">The most tokens of a step: what the chip has room for.</param>
/// <param name="Demand">What all steps of a run need.</param>
/// <param name="Runs">The runs.</param>
/// <param name="Cache">Where the packed weights came from.</param>
internal sealed record BenchRow(
    string Test,
    int Batch,
    int Threads,
    int Tokens,
    int Steps,
    int StepTokens,
    StepDemand Demand,
    BenchRow.Run[] Runs,
    WeightCacheUse Cache
)
{
    /// <summary>The headings of <see cref="Text"/>.</summary>
    public static string Headings { get; } =
        $"  {"test", -14} {"batch", 5} {"a step", 6} {"threads", 7} {"tokens/s", 10} {"spread", 7}   {"GB/s", 6} {"probe", 6} {"share", 6}   {"GOPS", 6} {"probe", 6} {"share", 6}   packed weights";

    /// <summary>Tokens per second, the median of the runs.</summary>
    public double Rate => Median(run => Tokens / run.Seconds);

    /// <summary>The row of a table.</summary>
    public string Text
    {
        get
        {
            double[] rates = [.. Runs.Select(run => Tokens / run.Seconds)];
            string spread = Number((rates.Max() - rates.Min()) / 2 / Rate * 100, "0.0");
            string operations = OperationsProbe is { } most
                ? $"{Number(most / 1e9, "0"), 6} {Number(OperationsShare!.Value * 100, "0"), 4} %"
                : $"{"-", 6} {"-", 6}";
            return $"  {Test, -14} {Batch, 5} {StepTokens, 6} {Threads, 7} {Number(Rate, "#,0.0"), 10} {spread, 5} %   {Number(Read / 1e9, "0.0"), 6} "
                + $"{Number(ReadProbe / 1e9, "0.0"), 6} {Number(ReadShare * 100, "0"), 4} %   {Number(Operations / 1e9, "0"), 6} {operations}   {CacheName}";
        }
    }

    /// <summary>The row as JSON.</summary>
    public JsonObject Json =>
        new()
        {
            ["test"] = Test,
            ["batch"] = Batch,
            ["stepTokens"] = StepTokens,
            ["threads"] = Threads,
            ["tokensPerSecond"] = Rate,
            ["weightBytesPerStep"] = (double)Demand.WeightBytes / Steps,
            ["kvBytesPerStep"] = (double)Demand.KvBytes / Steps,
            ["productsPerStep"] = (double)Demand.Products / Steps,
            ["readBytesPerSecond"] = Read,
            ["probeReadBytesPerSecond"] = ReadProbe,
            ["shareOfReadProbe"] = ReadShare,
            ["operationsPerSecond"] = Operations,
            ["probeOperationsPerSecond"] = OperationsProbe,
            ["shareOfOperationsProbe"] = OperationsShare,
            ["packedWeights"] = CacheName,
            ["runs"] = new JsonArray([.. Runs.Select(run => (JsonNode)(Tokens / run.Seconds))]),
            ["shares"] = new JsonArray([.. Runs.Select(run => (JsonNode)ShareOf(run))]),
        };

    /// <summary>Bytes of weights, keys and values per second, each counted once a step.</summary>
    private double Read => Median(run => BytesOfRun / run.Seconds);

    private double ReadProbe => Median(run => run.ReadProbe);

    private double ReadShare => Median(ShareOf);

    /// <summary>Multiplications and additions of products with weights per second.</summary>
    private double Operations => Median(run => 2.0 * Demand.Products / run.Seconds);

    private double? OperationsProbe => Runs.All(run => run.OperationsProbe is not null) ? Median(run => run.OperationsProbe!.Value) : null;

    private double? OperationsShare =>
        OperationsProbe is null ? null : Median(run => 2.0 * Demand.Products / run.Seconds / run.OperationsProbe!.Value);

    private long BytesOfRun => Demand.WeightBytes + Demand.KvBytes;

    private string CacheName =>
        Cache switch
        {
            WeightCacheUse.Hit => "from the cache",
            WeightCacheUse.Written => "written to the cache",
            _ => "packed, not cached",
        };

    private double ShareOf(Run run) => BytesOfRun / run.Seconds / run.ReadProbe;

    private double Median(Func<Run, double> value) => Runs.Select(value).Order().ElementAt(Runs.Length / 2);

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    /// <summary>One run and what the computer could do then.</summary>
    /// <param name="Seconds">How long it took.</param>
    /// <param name="ReadProbe">Bytes per second that the probe read, the faster of just before and just after.</param>
    /// <param name="OperationsProbe">Operations per second of the probe's dot products, likewise; null where there is no such probe.</param>
    public sealed record Run(double Seconds, double ReadProbe, double? OperationsProbe);
}
