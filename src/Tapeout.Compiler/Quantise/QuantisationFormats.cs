using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Compiler;

/// <summary>The quantisations that can be named on the command line.</summary>
public static class QuantisationFormats
{
    private static readonly NumberFormat GroupActivation = NumberFormat.Int8Group(32);

    private static readonly QuantisationRecipe[] Known =
    [
        new("f32", NumberFormat.F32, NumberFormat.F32, NumberFormat.F32),
        new("f16", NumberFormat.F16, NumberFormat.F32, NumberFormat.F16),
        new("bf16", NumberFormat.BF16, NumberFormat.F32, NumberFormat.F16),
        new("int8", NumberFormat.Int8Row, NumberFormat.Int8Row, NumberFormat.F16),
        new("int4", NumberFormat.Int4Group(32), GroupActivation, NumberFormat.F16),
        new(
            "ternary",
            new(ElementType.Ternary, ScaleGranularity.Row, 0, OffsetKind.None, ElementType.F32),
            NumberFormat.Int8Row,
            NumberFormat.F16
        ),
        new(
            "binary",
            new(ElementType.Binary, ScaleGranularity.Row, 0, OffsetKind.None, ElementType.F32),
            NumberFormat.Int8Row,
            NumberFormat.F16
        ),
        new("native", null, GroupActivation, NumberFormat.F16),
    ];

    /// <summary>The short names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(r => r.Name)];

    /// <summary>
    /// The recipe of a short name, or of any weight format by its full name (int8-g64, int4-g128-min, ternary-tensor …). Behind a slash
    /// the activations can be named: <c>/f32</c> keeps them (weights only), <c>/int8-row</c> has one scale per token, <c>/int8-g64</c>
    /// groups.
    /// </summary>
    /// <param name="name">The quantisation.</param>
    /// <param name="kvFormat">The KV cache's format: a short name, or that of any float, int8 or int4 format with scales per row or group; null for the quantisation's own.</param>
    /// <exception cref="InvalidInputException">There is no such quantisation.</exception>
    public static QuantisationRecipe Find(string name, string? kvFormat)
    {
        int slash = name.IndexOf('/', StringComparison.Ordinal);
        string weights = slash < 0 ? name : name[..slash];
        QuantisationRecipe? recipe = Known.FirstOrDefault(r => r.Name == weights);
        if (recipe is null && NumberFormat.TryParse(weights, out NumberFormat format) && format.Element != ElementType.I32)
        {
            NumberFormat activation = format.Granularity == ScaleGranularity.Group ? GroupActivation : NumberFormat.Int8Row;
            recipe = new(weights, format, format.IsFloat ? NumberFormat.F32 : activation, NumberFormat.F16);
        }
        if (recipe is null)
        {
            throw new InvalidInputException(
                $"'{name}' is not a quantisation: use {string.Join(", ", Names)}, or a weight format such as int8-g64, int4-g128-zero or ternary-tensor, with /f32 behind it for float32 activations."
            );
        }
        if (slash >= 0)
            recipe = recipe with { Name = name, Activation = ActivationFormat(name, slash) };
        return kvFormat is null ? recipe : recipe with { Kv = KvFormat(kvFormat) };
    }

    private static NumberFormat ActivationFormat(string name, int slash)
    {
        string activation = name[(slash + 1)..];
        bool isKnown =
            NumberFormat.TryParse(activation, out NumberFormat format)
            && (
                format == NumberFormat.F32
                || format is { Element: ElementType.I8, Granularity: ScaleGranularity.Row or ScaleGranularity.Group }
            );
        return isKnown
            ? format
            : throw new InvalidInputException(
                $"'{activation}' in '{name}' is not a format of activations: use f32, int8-row, or int8 in groups such as int8-g32."
            );
    }

    /// <summary>
    /// A cache's rows are the heads of one token, so a row or a group never has values of several tokens or heads. Formats with a scale for the
    /// whole cache would.
    /// </summary>
    private static NumberFormat KvFormat(string name)
    {
        if (name is "int8")
            return NumberFormat.Int8Row;
        if (name is "int4")
            return NumberFormat.Int4Group(32, OffsetKind.Minimum);
        bool isKnown =
            NumberFormat.TryParse(name, out NumberFormat format)
            && (
                format.IsFloat
                || format
                    is {
                        Element: ElementType.I8 or ElementType.I4 or ElementType.U4,
                        Granularity: ScaleGranularity.Row or ScaleGranularity.Group
                    }
            );
        return isKnown
            ? format
            : throw new InvalidInputException(
                $"'{name}' is not a format of the KV cache: use f32, f16, bf16, int8 (one scale per token and head), int4 (groups of 32 with a minimum), or a full name such as int8-g32, int4-row or int4-g64-min."
            );
    }
}
