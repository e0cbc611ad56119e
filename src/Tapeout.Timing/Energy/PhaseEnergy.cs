using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>The energy of a phase of a load: some steps, the time they take, the tokens they make.</summary>
public sealed class PhaseEnergy
{
    private PhaseEnergy(IReadOnlyList<EnergyLine> lines, Duration duration, long tokens, int chips) =>
        (Lines, Duration, Tokens, Chips) = (lines, duration, tokens, chips);

    /// <summary>All energy of all chips, at the wall: work by instruction, then what belongs to no instruction.</summary>
    public IReadOnlyList<EnergyLine> Lines { get; }

    /// <summary>How long the steps take.</summary>
    public Duration Duration { get; }

    /// <summary>Tokens that the steps process (prompt) or make (decode).</summary>
    public long Tokens { get; }

    /// <summary>Chips that share the work.</summary>
    public int Chips { get; }

    /// <summary>The energy within a boundary.</summary>
    public EnergyBand Total(Boundary boundary) => Sum(line => line.Boundary <= boundary);

    /// <summary>The energy of a part within a boundary.</summary>
    public EnergyBand Of(EnergyPart part, Boundary boundary) => Sum(line => line.Part == part && line.Boundary <= boundary);

    /// <summary>The energy of the lines that fit.</summary>
    public EnergyBand Sum(Func<EnergyLine, bool> fits)
    {
        EnergyBand sum = EnergyBand.Zero;
        foreach (EnergyLine line in Lines)
        {
            if (fits(line))
                sum += line.Energy;
        }
        return sum;
    }

    /// <summary>Joules of a token within a boundary, as a band.</summary>
    public Band JoulesPerToken(Boundary boundary)
    {
        EnergyBand total = Total(boundary);
        return new(PerToken(total.Low), PerToken(total.Typical), PerToken(total.High));
    }

    /// <summary>Joules of a token.</summary>
    public decimal PerToken(Energy energy) => Tokens == 0 ? 0 : (decimal)(energy.Count / 1_000_000) / 1_000_000_000_000m / Tokens;

    /// <summary>The mean power of all chips within a boundary, in watts.</summary>
    public double MeanWatts(Boundary boundary) => Duration.Count == 0 ? 0 : Total(boundary).Typical.TotalJoules / Duration.TotalSeconds;

    /// <summary>The energy of steps.</summary>
    /// <param name="model">What work costs.</param>
    /// <param name="node">The constants of the node.</param>
    /// <param name="steps">The work of steps and how often each occurs.</param>
    /// <param name="duration">How long they take together.</param>
    /// <param name="tokens">Tokens they process or make.</param>
    /// <param name="chips">Chips that share the work; each has a host share and power without work.</param>
    public static PhaseEnergy Of(
        EnergyModel model,
        NodeConstants node,
        IReadOnlyList<(StepWork Work, long Times)> steps,
        Duration duration,
        long tokens,
        int chips
    )
    {
        List<EnergyLine> lines = [];
        IEnumerable<(WorkLine Line, Int128 Count)> work = steps
            .SelectMany(s => s.Work.Lines.Select(l => (Line: l, Count: l.Count * s.Times)))
            .GroupBy(l => (l.Line.Role, l.Line.ProgramCounter, l.Line.Item))
            .Select(g => (g.First().Line, g.Aggregate((Int128)0, (sum, l) => sum + l.Count)));
        foreach ((WorkLine line, Int128 count) in work)
        {
            foreach (EnergyComponent component in model.Of(line.Item))
            {
                lines.Add(
                    new(
                        line.Role,
                        line.ProgramCounter,
                        line.Item.ToString(),
                        EnergyModel.PartOf(line.Item),
                        component.Boundary,
                        count,
                        component.Figure,
                        EnergyBand.Of(count, component.Figure.Value)
                    )
                );
            }
        }
        // Watts times femtoseconds are thousandths of a picojoule.
        Int128 chipTime = (Int128)duration.Count * chips;
        foreach (EnergyComponent power in model.StaticLines)
            lines.Add(OverTime(power.Figure, EnergyPart.Static, power.Boundary, chipTime));
        // A published idle power was measured behind the regulators' input, so only what is not yet converted is.
        EnergyBand before = lines.Aggregate(EnergyBand.Zero, (sum, l) => sum + l.Energy);
        lines.Add(Loss("voltage regulators", Boundary.Card, before, node.Common("regulatorEfficiency", "")));
        lines.Add(OverTime(node.Common("hostPower", "W"), EnergyPart.Host, Boundary.System, chipTime));
        EnergyBand card = lines.Aggregate(EnergyBand.Zero, (sum, l) => sum + l.Energy);
        lines.Add(Loss("power supply", Boundary.System, card, node.Common("supplyEfficiency", "")));
        return new(lines, duration, tokens, chips);
    }

    private static EnergyLine OverTime(Figure watts, EnergyPart part, Boundary boundary, Int128 femtoseconds) =>
        new(-1, -1, watts.Name, part, boundary, 0, watts, EnergyBand.Of(femtoseconds, watts.Value * 0.001m));

    private static EnergyLine Loss(string name, Boundary boundary, EnergyBand before, Figure efficiency)
    {
        Band share = new(1 / efficiency.Value.High - 1, 1 / efficiency.Value.Typical - 1, 1 / efficiency.Value.Low - 1);
        return new(-1, -1, name, EnergyPart.Conversion, boundary, 0, efficiency, before.Share(share));
    }
}
