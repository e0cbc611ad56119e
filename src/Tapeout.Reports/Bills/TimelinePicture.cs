using Tapeout.Isa;
using Tapeout.Timing;

namespace Tapeout.Reports;

/// <summary>What the engines of a chip do over the last decode step, as a picture of its own.</summary>
public static class TimelinePicture
{
    private const int Head = 44;

    /// <summary>
    /// An SVG document: a row for each engine of the first rank, the darker the busier, then the power of a card; times below. Null for a step
    /// that takes no time.
    /// </summary>
    /// <param name="conditions">What is shown: model, chip, format, batch, lengths.</param>
    /// <param name="tape">The tape that was timed.</param>
    /// <param name="bill">Its bill.</param>
    public static string? Svg(string conditions, Tape tape, Bill bill)
    {
        if (new BillPictures(tape, bill).TimelineContent() is not var (width, height, content))
            return null;
        return $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height + Head}" viewBox="0 0 {width} {height
                + Head}" role="img" font-family="sans-serif" font-size="12" fill="#1c2330">
            <rect width="100%" height="100%" fill="#fff"/>
            <text x="4" y="18" font-size="14" font-weight="bold">{BillPage.Escape(conditions)}</text>
            <text x="4" y="36">Engines of the first chip over the last decode step, predicted: the darker, the busier; at the right the share of the step.</text>
            <g transform="translate(0 {Head})">{content}</g></svg>

            """;
    }
}
