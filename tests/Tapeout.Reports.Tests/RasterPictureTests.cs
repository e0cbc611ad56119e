using SkiaSharp;
using Tapeout.Quantities;

namespace Tapeout.Reports.Tests;

public sealed class RasterPictureTests
{
    [Fact]
    public void Png_HasTheColoursAtTheirPlaces()
    {
        using SKBitmap picture = Painted(
            """
            <rect width="100%" height="100%" fill="#fff"/>
            <g transform="translate(10 5)"><rect x="0" y="0" width="10" height="10" fill="#ff0000"/></g>
            <rect x="30" y="5" width="10" height="10" fill="#0000ff" fill-opacity="0.5"><title>half</title></rect>
            <line x1="0" x2="60" y1="30" y2="30" stroke="#00ff00" stroke-width="4"/>
            <polyline points="0,40 60,40" fill="none" stroke="#000000" stroke-width="4"/>
            <circle cx="50" cy="10" r="5" fill="#00ffff"/>
            """
        );
        Assert.Equal((120, 100), (picture.Width, picture.Height));
        Assert.Equal(new SKColor(255, 0, 0), picture.GetPixel(30, 20));
        Assert.Equal(SKColors.White, picture.GetPixel(10, 20));
        Assert.InRange(picture.GetPixel(70, 20).Red, 126, 129);
        Assert.Equal(255, picture.GetPixel(70, 20).Blue);
        Assert.Equal(new SKColor(0, 255, 0), picture.GetPixel(60, 60));
        Assert.Equal(SKColors.Black, picture.GetPixel(60, 80));
        Assert.Equal(new SKColor(0, 255, 255), picture.GetPixel(100, 20));
    }

    [Fact]
    public void Png_TextIsVisible()
    {
        if (FontFile.Find("Matrix", false, FontFile.SystemFolders) is not { } face)
        {
            Assert.Skip("needs a font on this system");
            return;
        }
        face.Dispose();
        using SKBitmap picture = Painted("""<text x="2" y="20" font-size="14" fill="#000">Matrix</text>""");
        Assert.InRange(picture.Pixels.Count(p => p.Red < 128), 50, 2000);
    }

    [Fact]
    public void Png_WithoutAFont_SaysSo()
    {
        InvalidInputException refused = Assert.Throws<InvalidInputException>(() =>
            RasterPicture.Png(Document("""<text x="2" y="20">Matrix</text>"""), fontFolders: [])
        );
        Assert.Contains("needs a font", refused.Message, StringComparison.Ordinal);
        Assert.NotEmpty(RasterPicture.Png(Document("""<rect width="5" height="5"/>"""), fontFolders: []));
    }

    [Theory]
    [InlineData("""<ellipse rx="3" ry="2"/>""", "<ellipse>")]
    [InlineData("""<rect width="5" height="5" rx="2"/>""", "rx")]
    [InlineData("""<g transform="rotate(30)"/>""", "rotate")]
    public void Png_WhatIsNotPainted_IsAnError(string content, string named) =>
        Assert.Contains(
            named,
            Assert.Throws<InvalidOperationException>(() => RasterPicture.Png(Document(content))).Message,
            StringComparison.Ordinal
        );

    private static SKBitmap Painted(string content) => SKBitmap.Decode(RasterPicture.Png(Document(content)));

    private static string Document(string content) =>
        $"""<svg xmlns="http://www.w3.org/2000/svg" width="60" height="50" viewBox="0 0 60 50" role="img">{content}</svg>""";
}
