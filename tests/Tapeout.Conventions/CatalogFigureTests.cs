using Tapeout.Chips;
using Tapeout.Models;
using Tapeout.Quantities;

namespace Tapeout.Conventions;

/// <summary>Every figure of the catalog has a source, or says that it is an estimate and why.</summary>
public sealed class CatalogFigureTests
{
    public static TheoryData<CatalogFolder, string> Descriptions =>
        [
            .. Enum.GetValues<CatalogFolder>()
                .SelectMany(folder =>
                    ChipCatalog
                        .Names(folder)
                        .Where(name => name != "common")
                        .Select(name => new TheoryDataRow<CatalogFolder, string>(folder, name))
                ),
        ];

    public static TheoryData<string> Models => [.. ModelCatalog.Names];

    [Theory]
    [MemberData(nameof(Descriptions))]
    public void Figure_IsSourced_OrAnEstimateWithAReason(CatalogFolder folder, string name)
    {
        IReadOnlyList<ChipFigure> figures = folder switch
        {
            CatalogFolder.Chips => ChipReader.Load(name).Figures,
            CatalogFolder.Systems => SystemDescription.Load(name).Figures,
            CatalogFolder.Software => SoftwareStack.Load(name).Figures,
            _ => TechnologyNode.Load(name).Figures,
        };
        Assert.NotEmpty(figures);
        Assert.Empty(
            figures
                .Where(f =>
                    f.Sources.Count == 0 && (f.Confidence is not (Confidence.Estimate or Confidence.Fitted) || string.IsNullOrEmpty(f.Note))
                )
                .Select(f => $"{name}: {f.Path} = {f.Text} ({f.Confidence}) has neither a source nor a reason")
        );
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Model_SaysWhereItsShapeIsFrom(string name) => Assert.NotEqual("", ModelCatalog.Find(name).Source);
}
