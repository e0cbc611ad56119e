using Tapeout.Quantities;

namespace Tapeout.Chips;

/// <summary>One figure of a description with its provenance, as <c>tapeout chips show</c> prints it.</summary>
/// <param name="Path">Where it stands: "sram.capacity", "memory[0].bandwidth". <c>--set</c> takes the same path.</param>
/// <param name="Figure">The value's text with confidence, sources, note and range.</param>
public sealed record ChipFigure(string Path, Sourced<string> Figure)
{
    /// <summary>The value as text with its unit.</summary>
    public string Text => Figure.Value;

    /// <summary>How far it can be trusted.</summary>
    public Confidence Confidence => Figure.Confidence;

    /// <summary>Titles and addresses of its sources, resolved from the file's table of sources.</summary>
    public IReadOnlyList<string> Sources => Figure.Sources;

    /// <summary>The reasoning or a remark.</summary>
    public string? Note => Figure.Note;
}
