using Tapeout.Numerics;

namespace Tapeout.Isa;

/// <content>The vector unit.</content>
internal sealed partial class InstructionConstraints
{
    private bool BothFloat(int constraint, int source, int destination) =>
        Has(constraint, source, NumberFormat.F32, "the source") & Has(constraint, destination, NumberFormat.F32, "the destination");

    public bool Visit(AbsMax instruction) =>
        BothFloat(1, instruction.Source, instruction.Destination)
        & SameRows(1, instruction.Source, instruction.Destination, "source and destination")
        & OneColumn(2, instruction.Destination, "the destination");

    public bool Visit(Quantise instruction)
    {
        NumberFormat format = FormatOf(instruction.Destination);
        bool hasMaximum = instruction.AbsoluteMaximum >= 0;
        bool isTarget =
            format.Element is ElementType.F16 or ElementType.BF16
            || (format.Element == ElementType.I8 && format.Granularity != ScaleGranularity.Tensor);
        return Has(1, instruction.Source, NumberFormat.F32, "the source")
            & Holds(1, isTarget, $"the destination is {format}, but int8 per row or group, f16 and bf16 can be made")
            & SameShape(1, instruction.Source, instruction.Destination, "source and destination")
            & WholeGroups(2, instruction.Destination, "the destination")
            & Holds(3, !hasMaximum || format.Granularity == ScaleGranularity.Row, $"a maximum is given, but {format} has no scale per row")
            & (
                !hasMaximum
                || Everywhere(() =>
                {
                    CornerRegion maximum = At(instruction.AbsoluteMaximum);
                    CornerRegion source = At(instruction.Source);
                    return InRegion(
                        source.IsEmpty || (maximum.Format == NumberFormat.F32 && maximum.Columns.Count == 1 && maximum.HasRowsOf(source)),
                        $"the maximum is {maximum.Format} of {maximum.Shape}{Where()}, but it must be f32 with one column and the source's rows"
                    );
                })
            );
    }

    public bool Visit(Dequantise instruction) =>
        Has(1, instruction.Destination, NumberFormat.F32, "the destination")
        & SameShape(1, instruction.Source, instruction.Destination, "source and destination");

    public bool Visit(Unary instruction) =>
        BothFloat(1, instruction.Source, instruction.Destination)
        & SameShape(1, instruction.Source, instruction.Destination, "source and destination");

    public bool Visit(Binary instruction) =>
        Has(1, instruction.Left, NumberFormat.F32, "the left operand")
        & BothFloat(1, instruction.Right, instruction.Destination)
        & SameShape(1, instruction.Left, instruction.Destination, "left operand and destination")
        & SameShape(1, instruction.Right, instruction.Destination, "right operand and destination");

    public bool Visit(NormSum instruction) =>
        BothFloat(1, instruction.Source, instruction.Destination)
        & SameRows(1, instruction.Source, instruction.Destination, "source and destination")
        & OneColumn(2, instruction.Destination, "the destination")
        & WholeColumns(3, instruction.Source, "the source");

    public bool Visit(Norm instruction) =>
        BothFloat(1, instruction.Source, instruction.Destination)
        & SameShape(1, instruction.Source, instruction.Destination, "source and destination")
        & Has(2, instruction.Gamma, NumberFormat.F32, "gamma")
        & Has(2, instruction.Sums, NumberFormat.F32, "the sums")
        & Everywhere(() =>
        {
            CornerRegion source = At(instruction.Source);
            CornerRegion gamma = At(instruction.Gamma);
            CornerRegion sums = At(instruction.Sums);
            return Holds(
                2,
                source.IsEmpty
                    || (gamma.Rows.Count == 1 && gamma.Columns == source.Columns && sums.Columns.Count == 1 && sums.HasRowsOf(source)),
                $"gamma is {gamma.Shape} and the sums {sums.Shape} for a source of {source.Shape}{Where()}"
            );
        })
        & Holds(3, instruction.Width > 0, $"Width is {instruction.Width}, but it must be positive");

    public bool Visit(Rotate instruction)
    {
        int width = instruction.HeadDimension;
        int rotated = instruction.RotaryDimensions;
        return BothFloat(1, instruction.Source, instruction.Destination)
            & SameShape(1, instruction.Source, instruction.Destination, "source and destination")
            & (
                Holds(
                    2,
                    width >= 1 && rotated >= 0 && rotated <= width && rotated % 2 == 0,
                    $"{rotated} of {width} dimensions are rotated, but it must be an even number of them"
                ) && Everywhere(() => Heads(2, At(instruction.Source), width))
            )
            & Has(3, instruction.Phases, NumberFormat.I32, "the phases")
            & Everywhere(() =>
            {
                CornerRegion phases = At(instruction.Phases);
                return Holds(
                    3,
                    phases.Columns.Count == rotated && phases.Rows.Count == 1,
                    $"the phases are {phases.Shape}, but they must be 1 × {rotated}"
                );
            })
            & InRegion(IsRowsOf(instruction.Source, Symbol.Tokens), "the rows are not tokens, so that they have no positions");
    }

    private bool Heads(int constraint, CornerRegion region, int width) =>
        Holds(
            constraint,
            region.IsEmpty || (region.Columns.Start % width == 0 && region.Columns.Count % width == 0),
            $"columns {region.Columns.Start} to {region.Columns.End}{Where()} are not whole heads of {width}"
        );

    public bool Visit(Softmax instruction) =>
        BothFloat(1, instruction.Source, instruction.Destination)
        & SameShape(1, instruction.Source, instruction.Destination, "source and destination")
        & WholeColumns(2, instruction.Source, "the source");

    private bool Candidates(int constraint, int values, int ids) =>
        Has(constraint, values, NumberFormat.F32, "Values")
        & Has(constraint, ids, NumberFormat.I32, "Ids")
        & SameShape(constraint, values, ids, "values and ids");

    public bool Visit(TopK instruction) =>
        Candidates(1, instruction.Values, instruction.Ids)
        & Everywhere(() =>
            Holds(
                1,
                At(instruction.Values).Columns.Count <= instruction.Count,
                $"values have {At(instruction.Values).Columns.Count} columns{Where()}, but Count is {instruction.Count}"
            )
        )
        & Has(2, instruction.Source, NumberFormat.F32, "the source")
        & SameRows(2, instruction.Source, instruction.Values, "source and values");

    public bool Visit(Sample instruction) =>
        Candidates(1, instruction.Values, instruction.Ids)
        & Has(2, instruction.Destination, NumberFormat.I32, "the destination")
        & OneColumn(2, instruction.Destination, "the destination")
        & SameRows(2, instruction.Values, instruction.Destination, "values and destination")
        & InRegion(
            IsRowsOf(instruction.Destination, Symbol.LogitRows),
            "the destination's rows are not the step's rows of logits, so that they have no sampler"
        );
}
