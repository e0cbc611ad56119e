namespace Tapeout.Isa;

/// <summary>How an axis is divided. The values reach disk: the list only grows.</summary>
public enum AxisKind : byte
{
    /// <summary>By equal steps over ranks, tiles and loop iterations.</summary>
    Plain = 0,

    /// <summary>
    /// Rows sorted by expert: the range of the expert whose number is the loop index, from the counts that ROUTE has written for the
    /// instruction's layer.
    /// </summary>
    ExpertRows = 1,

    /// <summary>
    /// Divided as <see cref="Plain"/>, but empty if the expert whose number is the loop index has no tokens in the instruction's layer:
    /// weights of experts that no token has chosen are neither moved nor multiplied.
    /// </summary>
    ActiveExpert = 2,
}
