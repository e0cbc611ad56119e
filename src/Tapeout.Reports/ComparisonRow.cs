using System.Text.Json.Nodes;
using Tapeout.Timing;

namespace Tapeout.Reports;

/// <summary>What one chip of a comparison would do, or why it cannot.</summary>
/// <param name="Chip">The chip as it was asked for.</param>
/// <param name="Figures">The object that <c>simulate --json</c> prints for it; null for a chip that refuses.</param>
/// <param name="Bill">Its bill; null for a chip that refuses.</param>
/// <param name="Model">The model.</param>
/// <param name="Format">The quantisation.</param>
/// <param name="Refusal">Why it cannot; empty for one that can.</param>
public sealed record ComparisonRow(string Chip, JsonObject? Figures, Bill? Bill, string Model, string Format, string Refusal)
{
    /// <summary>The row as <c>compare --json</c> prints it: <c>asked</c>, then the figures, or <c>refusal</c>.</summary>
    public JsonObject Json()
    {
        JsonObject row = new() { ["asked"] = Chip };
        if (Figures is null)
            row["refusal"] = Refusal;
        foreach ((string name, JsonNode? value) in Figures ?? [])
            row[name] = value?.DeepClone();
        return row;
    }
}
