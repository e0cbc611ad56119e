namespace Tapeout.Chips;

/// <summary>The folders of the catalog that hold descriptions.</summary>
public enum CatalogFolder
{
    /// <summary>catalog/chips.</summary>
    Chips,

    /// <summary>catalog/systems.</summary>
    Systems,

    /// <summary>catalog/software.</summary>
    Software,

    /// <summary>catalog/technology.</summary>
    Technology,
}
