namespace Tapeout.Reports;

/// <summary>
/// Rectangles of given areas that fill a rectangle, each as square as may be (the squarified treemap of Bruls, Huizing and van Wijk, 2000):
/// rows are filled along the shorter side as long as the worst ratio of sides in the row falls.
/// </summary>
internal static class Squarify
{
    /// <summary>A rectangle of a picture.</summary>
    public readonly record struct Rectangle(double X, double Y, double Width, double Height);

    /// <summary>One rectangle for each size, in their order; sizes are positive and fall.</summary>
    public static IReadOnlyList<Rectangle> Of(IReadOnlyList<double> sizes, Rectangle inside)
    {
        Rectangle[] result = new Rectangle[sizes.Count];
        double total = sizes.Sum();
        if (total <= 0)
            return result;
        double scale = inside.Width * inside.Height / total;
        int at = 0;
        Rectangle left = inside;
        while (at < sizes.Count)
        {
            double side = Math.Max(1e-9, Math.Min(left.Width, left.Height));
            int end = at + 1;
            double sum = sizes[at] * scale;
            double worst = Worst(sizes, at, end, sum, side, scale);
            while (end < sizes.Count)
            {
                double next = Worst(sizes, at, end + 1, sum + sizes[end] * scale, side, scale);
                if (next > worst)
                    break;
                sum += sizes[end] * scale;
                worst = next;
                end++;
            }
            double depth = sum / side;
            double along = 0;
            bool across = left.Width >= left.Height;
            for (int i = at; i < end; i++)
            {
                double length = depth <= 0 ? 0 : sizes[i] * scale / depth;
                result[i] = across ? new(left.X, left.Y + along, depth, length) : new(left.X + along, left.Y, length, depth);
                along += length;
            }
            left = across
                ? new(left.X + depth, left.Y, left.Width - depth, left.Height)
                : new(left.X, left.Y + depth, left.Width, left.Height - depth);
            at = end;
        }
        return result;
    }

    private static double Worst(IReadOnlyList<double> sizes, int from, int to, double sum, double side, double scale)
    {
        double largest = sizes[from] * scale;
        double smallest = Math.Max(1e-12, sizes[to - 1] * scale);
        return Math.Max(side * side * largest / (sum * sum), sum * sum / (side * side * smallest));
    }
}
