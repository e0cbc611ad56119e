namespace Tapeout.Quantities;

/// <summary>How far a figure can be trusted. In text the names are written as in "vendor-published".</summary>
public enum Confidence
{
    /// <summary>Published by the maker or the foundry, possibly relayed by others.</summary>
    VendorPublished,

    /// <summary>Reported or derived by others than the maker.</summary>
    ThirdParty,

    /// <summary>Derived or reasoned here; the note says how.</summary>
    Estimate,

    /// <summary>Measured on hardware.</summary>
    Measured,

    /// <summary>Chosen so that predictions meet measurements; the note names the rows.</summary>
    Fitted,

    /// <summary>Taken for the sake of a question; nobody claims it.</summary>
    Assumed,
}
