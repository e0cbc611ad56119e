using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Quantities;

namespace Tapeout.Timing;

/// <summary>
/// What a load costs on a chip besides time: energy, area, money, each with its causes. What a technology file does not know is absent here,
/// and a sentence says why.
/// </summary>
public sealed record Bill
{
    /// <summary>The chip.</summary>
    public required ChipDescription Chip { get; init; }

    /// <summary>Chips that share the work.</summary>
    public required int Chips { get; init; }

    /// <summary>The constants that the bill is made of.</summary>
    public required NodeConstants Node { get; init; }

    /// <summary>The load and its times, longer by <see cref="Slowdown"/> where the chip would take more power than it may.</summary>
    public required Prediction Prediction { get; init; }

    /// <summary>The modelled blocks of one die; null if the node does not know a constant that they need.</summary>
    public DieArea? Blocks { get; init; }

    /// <summary>The area of one die in mm2: the published one where others than us vouch for it, otherwise the modelled one.</summary>
    public Figure? Die { get; init; }

    /// <summary>The energy of all prompts; null if it is unknown.</summary>
    public PhaseEnergy? Prefill { get; init; }

    /// <summary>The energy of the first and the last decode step, which stand for all; null if it is unknown.</summary>
    public PhaseEnergy? Decode { get; init; }

    /// <summary>What one chip on its card costs to build; null if it is unknown.</summary>
    public ChipCost? Cost { get; init; }

    /// <summary>Dollars per million tokens while decoding; null if they are unknown.</summary>
    public Figure? DollarsPerMillionTokens { get; init; }

    /// <summary>Power of one card over the last decode step.</summary>
    public PowerTrace? Power { get; init; }

    /// <summary>Why figures are absent, by what they would be: "area", "energy", "money".</summary>
    public required IReadOnlyDictionary<string, string> Unknown { get; init; }

    /// <summary>How much longer a phase takes so that mean power stays within the chip's; 1 where it does anyway.</summary>
    public required (decimal Prefill, decimal Decode) Slowdown { get; init; }

    /// <summary>The area of all dies of all chips in mm2; null if it is unknown.</summary>
    public decimal? TotalSquareMillimetres => Die?.Value.Typical * (Chip.Die?.Count ?? 1) * Chips;

    /// <summary>Joules at the card's input for one token while decoding, as a band; null if they are unknown.</summary>
    public Band? JoulesPerToken => Decode?.JoulesPerToken(Boundary.Card);

    /// <summary>Makes the bill of a predicted load.</summary>
    /// <param name="tape">The tape that was timed.</param>
    /// <param name="chip">The chip of all its roles.</param>
    /// <param name="prediction">Its times.</param>
    /// <param name="cost">What money is reckoned under.</param>
    /// <exception cref="InvalidInputException">The chip takes more power without work than it may dissipate.</exception>
    public static Bill Of(Tape tape, ChipDescription chip, Prediction prediction, CostOptions? cost = null)
    {
        int chips = Math.Max(1, tape.Roles.Sum(r => r.Ranks));
        Dictionary<string, string> unknown = [];
        NodeConstants node = new(chip.Technology);
        DieArea? blocks = Known(unknown, "area", () => AreaModel.Of(chip, node));
        Figure? die = Published(chip) ?? blocks?.Figure;
        Bill bill = new()
        {
            Chip = chip,
            Chips = chips,
            Node = node,
            Prediction = prediction,
            Blocks = blocks,
            Die = die,
            Unknown = unknown,
            Slowdown = (1, 1),
        };
        if (blocks is null)
        {
            unknown["energy"] = unknown["money"] = unknown["area"];
            return bill;
        }
        EnergyModel? model = Known(unknown, "energy", () => new EnergyModel(chip, node, blocks));
        if (model is not null)
        {
            CheckIdle(chip, node, model);
            bill = Known(unknown, "energy", () => bill.WithEnergy(model, tape)) ?? bill;
        }
        return Known(unknown, "money", () => bill.WithMoney(cost ?? new())) ?? bill;
    }

    /// <summary>Refuses a chip that takes more power without work than it may dissipate; one whose power is unknown passes.</summary>
    /// <exception cref="InvalidInputException">The chip can never run.</exception>
    public static void CheckPower(ChipDescription chip)
    {
        Dictionary<string, string> unknown = [];
        NodeConstants node = new(chip.Technology);
        if (
            Known(unknown, "area", () => AreaModel.Of(chip, node)) is { } blocks
            && Known(unknown, "energy", () => new EnergyModel(chip, node, blocks)) is { } model
        )
            CheckIdle(chip, node, model);
    }

    private static decimal IdleWatts(NodeConstants node, EnergyModel model) =>
        model.Static.Value.Typical / node.Common("regulatorEfficiency", "").Value.Typical;

    private static void CheckIdle(ChipDescription chip, NodeConstants node, EnergyModel model)
    {
        decimal most = chip.Power.Tdp.Count / 1_000_000m;
        decimal idle = IdleWatts(node, model);
        if (idle >= most)
            throw new InvalidInputException(
                $"The chip {chip.Name} takes {idle:0.#} W without work, more than the {most:0.###} W of its power.tdp: raise power.tdp, or make the chip smaller or slower."
            );
    }

    private Bill WithEnergy(EnergyModel model, Tape tape)
    {
        Prediction p = Prediction;
        Dictionary<(int, int, int, bool), StepWork> counted = [];
        StepWork Work(int sequences, int tokens, int context, bool logits)
        {
            if (!counted.TryGetValue((sequences, tokens, context, logits), out StepWork? work))
                counted[(sequences, tokens, context, logits)] = work = StepWork.Of(
                    tape,
                    Chip,
                    Predictor.StepShape(sequences, tokens, context, logits),
                    p.Options
                );
            return work;
        }
        // The same steps that were timed stand for the others; every step counts twice, so that the mean of two is a whole number.
        int chunk = Math.Min(p.PromptTokens, tape.Envelope.Tokens);
        int chunks = (p.PromptTokens + chunk - 1) / chunk;
        int last = p.PromptTokens - (chunks - 1) * chunk;
        List<(StepWork, long)> prefill = [(Work(1, last, p.PromptTokens - last, true), 2)];
        if (chunks > 1)
        {
            prefill.Add((Work(1, chunk, 0, false), chunks - 1));
            prefill.Add((Work(1, chunk, Math.Max(0, chunks - 2) * chunk, false), chunks - 1));
        }
        List<(StepWork, long)> decode = [(Work(p.Batch, 1, p.PromptTokens, true), 1)];
        int longest = p.PromptTokens + Math.Max(0, p.OutputTokens - 2);
        decode.Add((Work(p.Batch, 1, longest, true), 1));
        Duration prefillTime = new(p.Prefill.Count * 2 / Math.Max(1, p.Batch));
        Duration decodeTime = p.DecodeStep * 2;
        (PhaseEnergy prefillEnergy, decimal prefillSlowdown) = Limited(model, prefill, prefillTime, 2L * p.PromptTokens);
        (PhaseEnergy decodeEnergy, decimal decodeSlowdown) = Limited(model, decode, decodeTime, 2L * p.Batch);
        // One step alone on its timeline, for power over time: not stretched, so its peak is what the chip would ask for.
        Timeline timeline = p.DecodeTimeline;
        Duration alone = Duration.FromCycles(timeline.Makespan, timeline.Clock);
        PhaseEnergy lastStep = PhaseEnergy.Of(model, Node, [decode[^1]], alone, p.Batch, Chips);
        return this with
        {
            Power = PowerTrace.Of(timeline, lastStep),
            Prefill = prefillEnergy,
            Decode = decodeEnergy,
            Slowdown = (prefillSlowdown, decodeSlowdown),
            Prediction = p with { Prefill = Stretched(p.Prefill, prefillSlowdown), DecodeStep = Stretched(p.DecodeStep, decodeSlowdown) },
        };
    }

    /// <summary>
    /// The rule of a chip at its power limit: the same work takes so much longer that work and static power together meet the limit, as a
    /// lower clock at the same voltage would. Voltage scaling would cost less; its range is not in the files.
    /// </summary>
    private (PhaseEnergy Energy, decimal Slowdown) Limited(
        EnergyModel model,
        IReadOnlyList<(StepWork, long)> steps,
        Duration time,
        long tokens
    )
    {
        PhaseEnergy energy = PhaseEnergy.Of(model, Node, steps, time, tokens, Chips);
        decimal most = Chip.Power.Tdp.Count / 1_000_000m;
        decimal idle = IdleWatts(Node, model);
        if (time.Count == 0 || energy.MeanWatts(Boundary.Card) / Chips <= (double)most)
            return (energy, 1);
        EnergyBand all = energy.Total(Boundary.Card);
        decimal seconds = (decimal)(time.Count / 1_000_000) / 1_000_000_000m;
        decimal joules = (decimal)(all.Typical.Count / 1_000_000_000) / 1_000_000_000m / Chips - idle * seconds;
        decimal needed = joules / (most - idle);
        decimal slowdown = Math.Max(1, needed / seconds);
        return (PhaseEnergy.Of(model, Node, steps, Stretched(time, slowdown), tokens, Chips), slowdown);
    }

    private Bill WithMoney(CostOptions options)
    {
        ChipCost cost = CostModel.Of(Chip, Die!, Blocks!, Node, options);
        Bill bill = this with { Cost = cost };
        if (Decode is null || Prediction.DecodeStep.Count == 0)
            return bill;
        decimal seconds = (decimal)(Prediction.DecodeStep.Count / 1_000) / 1_000_000_000_000m;
        if (seconds == 0)
            return bill;
        Figure energy = Figure.ByFormula(
            "joules of a token at the wall",
            "J",
            Decode.JoulesPerToken(Boundary.System),
            "sum of the lines of the energy of decoding over its tokens",
            Node.Common("hostPower", "W"),
            Node.Common("supplyEfficiency", "")
        );
        return bill with
        {
            DollarsPerMillionTokens = CostModel.PerMillionTokens(Chip, Chips, cost, Node, Prediction.Batch / seconds, energy, options),
        };
    }

    private static Figure? Published(ChipDescription chip)
    {
        Sourced<string>? figure = chip.Figures.FirstOrDefault(f => f.Path == "die.area")?.Figure;
        if (chip.Die is null || figure is null || figure.Confidence is Confidence.Estimate or Confidence.Assumed)
            return null;
        return Figure.Constant($"{chip.Name}.die.area", "mm2", figure.Select(text => Area.Parse(text).Count / 1_000_000_000_000m));
    }

    private static Duration Stretched(Duration duration, decimal factor) =>
        factor == 1 ? duration : new(duration.Count * (Int128)Math.Round(factor * 1_000_000m) / 1_000_000);

    private static T? Known<T>(Dictionary<string, string> unknown, string what, Func<T> make)
        where T : class
    {
        try
        {
            return make();
        }
        catch (InvalidInputException exception)
        {
            unknown[what] = exception.Message;
            return null;
        }
    }
}
