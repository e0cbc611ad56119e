using System.Globalization;
using System.Xml.Linq;
using SkiaSharp;
using Tapeout.Quantities;

namespace Tapeout.Reports;

/// <summary>
/// Pictures as pixels: paints the SVG documents that this project draws, so that a .png shows what the .svg of the same name would. Only the
/// elements and attributes that those documents use are known; any other is an error, so that nothing is left out in silence.
/// </summary>
public static class RasterPicture
{
    /// <summary>The PNG of an SVG document.</summary>
    /// <param name="svg">The document; its width and height are numbers.</param>
    /// <param name="scale">Pixels for each unit of the document, in both directions.</param>
    /// <param name="fontFolders">Where fonts are looked for, the folders in them included; none: where this system keeps them.</param>
    /// <exception cref="InvalidInputException">There is no font to write with, or the library that paints is not there.</exception>
    public static byte[] Png(string svg, double scale = 2, IReadOnlyList<string>? fontFolders = null)
    {
        XElement root = XDocument.Parse(svg).Root!;
        string written = string.Concat(root.Descendants(root.Name.Namespace + "text").Select(t => t.Value).SelectMany(t => t).Distinct());
        try
        {
            using SKTypeface? plain = FontFile.Find(written, isBold: false, fontFolders ?? FontFile.SystemFolders);
            if (plain is null && written.Length > 0)
                throw new InvalidInputException(
                    "A .png needs a font for its labels, and no font file of this system has their letters: install one (such as DejaVu Sans), or name the file with .svg at its end, which is drawn by the program that shows it."
                );
            using SKTypeface? bold = FontFile.Find(written, isBold: true, fontFolders ?? FontFile.SystemFolders);
            return Painted(root, scale, plain, bold ?? plain);
        }
        catch (Exception e) when (e is DllNotFoundException or TypeInitializationException { InnerException: DllNotFoundException })
        {
            throw new InvalidInputException(
                "A .png is painted by the library libSkiaSharp, which is not beside this program: build it again on this system, or name the file with .svg at its end.",
                e
            );
        }
    }

    private static byte[] Painted(XElement root, double scale, SKTypeface? plain, SKTypeface? bold)
    {
        int width = (int)Math.Ceiling(Number(root, "width") * scale);
        int height = (int)Math.Ceiling(Number(root, "height") * scale);
        using SKBitmap pixels = new(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul));
        using (SKCanvas canvas = new(pixels))
        {
            canvas.Clear(SKColors.White);
            canvas.Scale((float)scale);
            using Brush brush = new(canvas, root, plain, bold);
            brush.Paint(root, new(SKColors.Black, 16, false));
        }
        using SKData data = pixels.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    private static double Number(XElement element, string name, double missing = 0) =>
        element.Attribute(name) is { } attribute ? double.Parse(attribute.Value, CultureInfo.InvariantCulture) : missing;

    /// <summary>What an element takes over from the one around it.</summary>
    private readonly record struct Inherited(SKColor Fill, double FontSize, bool IsBold);

    private sealed class Brush(SKCanvas canvas, XElement root, SKTypeface? plain, SKTypeface? bold) : IDisposable
    {
        private readonly SKPaint _paint = new() { IsAntialias = true };

        public void Dispose() => _paint.Dispose();

        public void Paint(XElement element, Inherited inherited)
        {
            Check(element);
            inherited = Of(element, inherited);
            switch (element.Name.LocalName)
            {
                case "title":
                    return;
                case "svg":
                case "g":
                    canvas.Save();
                    Translate(element);
                    foreach (XElement child in element.Elements())
                        Paint(child, inherited);
                    canvas.Restore();
                    return;
                case "rect":
                    SKRect rect = SKRect.Create(
                        Length(element, "x"),
                        Length(element, "y"),
                        Length(element, "width"),
                        Length(element, "height")
                    );
                    // Sides between pixels would leave seams between the slices of a row.
                    _paint.IsAntialias = false;
                    Filled(element, inherited, paint => canvas.DrawRect(rect, paint));
                    _paint.IsAntialias = true;
                    Stroked(element, paint => canvas.DrawRect(rect, paint));
                    return;
                case "circle":
                    SKPoint centre = new(Length(element, "cx"), Length(element, "cy"));
                    float radius = Length(element, "r");
                    Filled(element, inherited, paint => canvas.DrawCircle(centre, radius, paint));
                    Stroked(element, paint => canvas.DrawCircle(centre, radius, paint));
                    return;
                case "line":
                    SKPoint from = new(Length(element, "x1"), Length(element, "y1"));
                    SKPoint to = new(Length(element, "x2"), Length(element, "y2"));
                    Stroked(element, paint => canvas.DrawLine(from, to, paint));
                    return;
                case "polyline":
                    using (SKPath path = PathOf(element))
                    {
                        Filled(element, inherited, paint => canvas.DrawPath(path, paint));
                        Stroked(element, paint => canvas.DrawPath(path, paint));
                    }
                    return;
                case "text":
                    using (SKFont font = new(inherited.IsBold ? bold! : plain!, (float)inherited.FontSize) { Subpixel = true })
                    {
                        SKTextAlign align = element.Attribute("text-anchor")?.Value switch
                        {
                            "middle" => SKTextAlign.Center,
                            "end" => SKTextAlign.Right,
                            _ => SKTextAlign.Left,
                        };
                        SKPoint at = new(Length(element, "x"), Length(element, "y"));
                        Filled(element, inherited, paint => canvas.DrawText(element.Value, at, align, font, paint));
                    }
                    return;
                default:
                    throw new InvalidOperationException($"A picture has an element <{element.Name.LocalName}>, which is not painted.");
            }
        }

        private static void Check(XElement element)
        {
            foreach (XAttribute attribute in element.Attributes().Where(a => !a.IsNamespaceDeclaration))
            {
                bool known = attribute.Name.LocalName switch
                {
                    "x" or "y" or "width" or "height" or "viewBox" or "role" => true,
                    "cx" or "cy" or "r" or "x1" or "x2" or "y1" or "y2" or "points" or "transform" => true,
                    "fill" or "fill-opacity" or "stroke" or "stroke-width" or "stroke-dasharray" => true,
                    "font-family" or "font-size" or "font-weight" or "text-anchor" => true,
                    _ => false,
                };
                if (!known)
                    throw new InvalidOperationException(
                        $"A picture has an attribute {attribute.Name.LocalName} on <{element.Name.LocalName}>, which is not painted."
                    );
            }
        }

        private static Inherited Of(XElement element, Inherited inherited) =>
            new(
                element.Attribute("fill") is { Value: not "none" } fill ? Colour(fill.Value) : inherited.Fill,
                Number(element, "font-size", inherited.FontSize),
                element.Attribute("font-weight") is { } weight ? weight.Value == "bold" : inherited.IsBold
            );

        private void Filled(XElement element, Inherited inherited, Action<SKPaint> draw)
        {
            if (element.Attribute("fill")?.Value is "none" or "transparent")
                return;
            _paint.Style = SKPaintStyle.Fill;
            _paint.Color = inherited.Fill.WithAlpha((byte)Math.Round(255 * Number(element, "fill-opacity", 1)));
            draw(_paint);
        }

        private void Stroked(XElement element, Action<SKPaint> draw)
        {
            if (element.Attribute("stroke") is not { } stroke)
                return;
            _paint.Style = SKPaintStyle.Stroke;
            _paint.StrokeWidth = (float)Number(element, "stroke-width", 1);
            _paint.Color = Colour(stroke.Value);
            float[] dashes = [.. Numbers(element, "stroke-dasharray")];
            using SKPathEffect? effect = dashes.Length > 0 ? SKPathEffect.CreateDash(dashes, 0) : null;
            _paint.PathEffect = effect;
            draw(_paint);
            _paint.PathEffect = null;
        }

        private void Translate(XElement element)
        {
            if (element.Attribute("transform")?.Value is not { } transform)
                return;
            if (!transform.StartsWith("translate(", StringComparison.Ordinal) || !transform.EndsWith(')'))
                throw new InvalidOperationException($"A picture has a transform {transform}, which is not painted.");
            float[] by = [.. Numbers(transform["translate(".Length..^1])];
            canvas.Translate(by[0], by.Length > 1 ? by[1] : 0);
        }

        private static SKPath PathOf(XElement element)
        {
            float[] numbers = [.. Numbers(element, "points")];
            using SKPathBuilder path = new();
            path.AddPoly([.. numbers.Chunk(2).Select(p => new SKPoint(p[0], p[1]))], false);
            return path.Detach();
        }

        private float Length(XElement element, string name)
        {
            if (element.Attribute(name)?.Value is { } value && value.EndsWith('%'))
                return (float)(Number(root, name) * double.Parse(value[..^1], CultureInfo.InvariantCulture) / 100);
            return (float)Number(element, name);
        }

        private static IEnumerable<float> Numbers(XElement element, string name) => Numbers(element.Attribute(name)?.Value ?? "");

        private static IEnumerable<float> Numbers(string text) =>
            text.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries).Select(n => float.Parse(n, CultureInfo.InvariantCulture));

        private static SKColor Colour(string text) => text == "transparent" ? SKColors.Transparent : SKColor.Parse(text);
    }
}
