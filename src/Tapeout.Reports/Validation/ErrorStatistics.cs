namespace Tapeout.Reports.Validation;

/// <summary>How far predictions are off, over one set of rows: relative errors.</summary>
/// <param name="Count">Rows.</param>
/// <param name="Median">Median absolute error.</param>
/// <param name="Mean">Mean absolute error.</param>
/// <param name="P90">90th percentile of the absolute error.</param>
/// <param name="Bias">Mean error with its sign.</param>
public sealed record ErrorStatistics(int Count, double Median, double Mean, double P90, double Bias)
{
    /// <summary>The statistics of a set of errors; all zero for none.</summary>
    public static ErrorStatistics Of(IEnumerable<double> errors)
    {
        double[] all = [.. errors];
        if (all.Length == 0)
            return new(0, 0, 0, 0, 0);
        double[] absolute = [.. all.Select(Math.Abs).Order()];
        double Percentile(double share) => absolute[Math.Min(absolute.Length - 1, (int)(share * absolute.Length))];
        return new(all.Length, Percentile(0.5), absolute.Average(), Percentile(0.9), all.Average());
    }
}
