using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>
/// A figure of a bill with its cause: a constant with its source, a count, or an operation on other figures. Walking its inputs ends at
/// constants.
/// </summary>
public sealed record Figure
{
    /// <summary>What it is.</summary>
    public required string Name { get; init; }

    /// <summary>The unit: "mm2", "pJ", "USD"; empty for a ratio or a count.</summary>
    public required string Unit { get; init; }

    /// <summary>Its value with its band.</summary>
    public required Band Value { get; init; }

    /// <summary>How it follows from its inputs: "a × b"; empty for a constant.</summary>
    public string How { get; init; } = "";

    /// <summary>What it follows from.</summary>
    public IReadOnlyList<Figure> Inputs { get; init; } = [];

    /// <summary>How far it can be trusted: no further than the least of its inputs.</summary>
    public required Confidence Confidence { get; init; }

    /// <summary>Where a constant comes from.</summary>
    public IReadOnlyList<string> Sources { get; init; } = [];

    /// <summary>A remark on a constant.</summary>
    public string Note { get; init; } = "";

    /// <summary>A constant with its provenance; without a range its band has no width.</summary>
    public static Figure Constant(string name, string unit, Sourced<decimal> value) =>
        new()
        {
            Name = name,
            Unit = unit,
            Value = new(
                Math.Min(value.Value, value.Range?.Minimum ?? value.Value),
                value.Value,
                Math.Max(value.Value, value.Range?.Maximum ?? value.Value)
            ),
            Confidence = value.Confidence,
            Sources = value.Sources,
            Note = value.Note ?? "",
        };

    /// <summary>A number that follows from the chip's file or from a count, without doubt of its own.</summary>
    public static Figure Count(string name, decimal value, string unit = "") =>
        new()
        {
            Name = name,
            Unit = unit,
            Value = Band.Exactly(value),
            Confidence = Confidence.VendorPublished,
        };

    /// <summary>The product of figures.</summary>
    public static Figure Product(string name, string unit, params Figure[] factors) =>
        Derived(name, unit, factors.Aggregate(Band.Exactly(1), (product, f) => product * f.Value), " × ", factors);

    /// <summary>The quotient of two figures.</summary>
    public static Figure Quotient(string name, string unit, Figure dividend, Figure divisor) =>
        Derived(name, unit, dividend.Value / divisor.Value, " / ", [dividend, divisor]);

    /// <summary>The sum of figures of one unit.</summary>
    public static Figure Sum(string name, string unit, IReadOnlyList<Figure> parts) =>
        Derived(name, unit, parts.Aggregate(default(Band), (sum, p) => sum + p.Value), " + ", parts);

    /// <summary>A figure found by a formula of its own; <paramref name="how"/> states it over the inputs' names.</summary>
    public static Figure ByFormula(string name, string unit, Band value, string how, params Figure[] inputs) =>
        new()
        {
            Name = name,
            Unit = unit,
            Value = value,
            How = how,
            Inputs = inputs,
            Confidence = Least(inputs),
        };

    private static Figure Derived(string name, string unit, Band value, string sign, IReadOnlyList<Figure> inputs) =>
        new()
        {
            Name = name,
            Unit = unit,
            Value = value,
            How = string.Join(sign, inputs.Select(i => i.Name)),
            Inputs = inputs,
            Confidence = Least(inputs),
        };

    private static Confidence Least(IReadOnlyList<Figure> inputs) =>
        inputs.Count == 0 ? Confidence.Estimate : inputs.MaxBy(i => Doubt(i.Confidence))!.Confidence;

    private static int Doubt(Confidence confidence) =>
        confidence switch
        {
            Confidence.VendorPublished => 0,
            Confidence.Measured => 1,
            Confidence.ThirdParty => 2,
            Confidence.Fitted => 3,
            Confidence.Estimate => 4,
            _ => 5,
        };
}
