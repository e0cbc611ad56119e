using Tapeout.Chips;
using Tapeout.Isa;
using Tapeout.Quantities;
using CollectiveAlgorithm = Tapeout.Isa.CollectiveAlgorithm;

namespace Tapeout.Timing;

internal sealed partial class InstructionCosts
{
    /// <summary>
    /// All-gather of n parts of p bytes. A member takes in (n − 1) · p through its port; a mesh also carries half of the parts over its
    /// bisection (once with multicast, once for each member behind it without). Steps of latency follow from the algorithm.
    /// </summary>
    public InstructionCost Visit(Exchange instruction)
    {
        long part = Of(instruction.Source).Bytes;
        long cycles = 0;
        long linkCycles = 0;
        long latency = 0;
        long network = 0;
        long links = 0;
        long gathered = part;
        if (instruction.Group is Group.Ranks or Group.All && _role.Ranks > 1)
        {
            // The links of a chip serve all its tiles; members of a chip send the same ranges once.
            long chipPart = Sent(Of(instruction.Source)) * (IsShared(instruction.Source) ? 1 : _tiles);
            links = (_role.Ranks - 1) * chipPart;
            (long c, long l) =
                LibraryCollective(instruction.LinkClass, links, links, _role.Ranks - 1, chipPart * _role.Ranks)
                ?? OverLinks(instruction.LinkClass, instruction.Algorithm, links);
            linkCycles += c;
            latency += l;
            gathered = part * _role.Ranks;
        }
        if (instruction.Group is Group.Tiles or Group.All && _tiles > 1)
        {
            long taken = gathered * (_tiles - 1);
            long port = _chip.Network.LinkRate.TimeFor(new(taken)).Count;
            cycles += Math.Max(port, BisectionCycles(gathered, instruction.Algorithm));
            latency += Hops(instruction.Algorithm) * _chip.Network.HopLatency.Count;
            network = taken * (instruction.Algorithm == CollectiveAlgorithm.Multicast ? 1 : _tiles);
        }
        return Travelling(instruction.LinkClass, 0, cycles, linkCycles, latency) with { NetworkBytes = network, LinkBytes = links };
    }

    /// <summary>
    /// Bytes of a part on the links. A library's kernels leave 16-bit floats, whatever the tape's accumulators are, and those are what travels.
    /// </summary>
    private long Sent(Shape part) => WorkCounter.Sent(part.Format, part.Kind, part.Elements, part.Bytes, _kernels is not null);

    /// <summary>All-reduce of p bytes: log2(n) exchanges (butterfly), twice that (tree), n − 1 (direct, ring), or one pass up and down in the network.</summary>
    public InstructionCost Visit(Reduce instruction)
    {
        Shape source = Of(instruction.Source);
        long adds = 0;
        long cycles = 0;
        long linkCycles = 0;
        long latency = 0;
        long network = 0;
        long links = 0;
        if (instruction.Group is Group.Ranks or Group.All && _role.Ranks > 1)
        {
            long chipPart = Sent(source) * (IsShared(instruction.Source) ? 1 : _tiles);
            long rounds = Rounds(instruction.Algorithm, _role.Ranks);
            links = rounds * chipPart;
            long shared = Divide(2 * (_role.Ranks - 1) * chipPart, _role.Ranks);
            if (
                LibraryCollective(instruction.LinkClass, (_role.Ranks - 1) * chipPart, shared, 2 * (_role.Ranks - 1), chipPart) is
                { } library
            )
            {
                // Kernels of a library add as they receive.
                linkCycles += library.Cycles;
                latency += library.Latency;
                links = shared;
            }
            else
            {
                (long c, long l) = OverLinks(instruction.LinkClass, instruction.Algorithm, links);
                linkCycles += c;
                latency += l;
                adds += rounds * VectorCycles(source.Elements);
            }
        }
        if (instruction.Group is Group.Tiles or Group.All && _tiles > 1)
        {
            long rounds = Rounds(instruction.Algorithm, _tiles);
            cycles += rounds * _chip.Network.LinkRate.TimeFor(new(source.Bytes)).Count;
            adds += rounds * VectorCycles(source.Elements);
            latency += Hops(instruction.Algorithm) * _chip.Network.HopLatency.Count;
            network = rounds * source.Bytes * _tiles;
        }
        return Travelling(instruction.LinkClass, adds, cycles, linkCycles, latency) with { NetworkBytes = network, LinkBytes = links };
    }

    /// <summary>Of a part of p bytes each of n members keeps a share: (n − 1) / n · p leave a member, over all its links at once.</summary>
    public InstructionCost Visit(AllToAll instruction)
    {
        long part = Of(instruction.Source).Bytes;
        long linkCycles = 0;
        long latency = 0;
        long links = 0;
        if (instruction.Group is Group.Ranks or Group.All && _role.Ranks > 1)
        {
            long chipPart = Sent(Of(instruction.Source)) * (IsShared(instruction.Source) ? 1 : _tiles);
            links = Divide((_role.Ranks - 1) * chipPart, _role.Ranks);
            (linkCycles, latency) =
                LibraryMessages(instruction.LinkClass, links, chipPart)
                ?? OverLinks(instruction.LinkClass, CollectiveAlgorithm.Direct, links);
        }
        return Shared(instruction.Group, instruction.LinkClass, part, 0, linkCycles, latency, links);
    }

    /// <summary>The first half of an all-reduce: every member sends each other its share, (n − 1) / n · p, and adds what it gets.</summary>
    public InstructionCost Visit(ReduceScatter instruction)
    {
        Shape source = Of(instruction.Source);
        long adds = 0;
        long linkCycles = 0;
        long latency = 0;
        long links = 0;
        if (instruction.Group is Group.Ranks or Group.All && _role.Ranks > 1)
        {
            long chipPart = Sent(source) * (IsShared(instruction.Source) ? 1 : _tiles);
            links = Divide((_role.Ranks - 1) * chipPart, _role.Ranks);
            if (LibraryCollective(instruction.LinkClass, links, links, _role.Ranks - 1, chipPart) is { } library)
            {
                // Kernels of a library add as they receive.
                (linkCycles, latency) = library;
            }
            else
            {
                (linkCycles, latency) = OverLinks(instruction.LinkClass, CollectiveAlgorithm.Direct, links);
                adds = VectorCycles(Divide((_role.Ranks - 1) * source.Elements, _role.Ranks));
            }
        }
        if (instruction.Group is Group.Tiles or Group.All && _tiles > 1)
            adds += VectorCycles(Divide((_tiles - 1) * source.Elements, _tiles));
        return Shared(instruction.Group, instruction.LinkClass, source.Bytes, adds, linkCycles, latency, links);
    }

    /// <summary>Shares of each tile's bytes past the other tiles, after what crosses the links.</summary>
    private InstructionCost Shared(Group group, int linkClass, long part, long adds, long linkCycles, long latency, long links)
    {
        long cycles = 0;
        long network = 0;
        if (group is Group.Tiles or Group.All && _tiles > 1)
        {
            long taken = Divide(part * (_tiles - 1), _tiles);
            cycles = Math.Max(
                _chip.Network.LinkRate.TimeFor(new(taken)).Count,
                BisectionCycles(Divide(part, _tiles), CollectiveAlgorithm.Direct)
            );
            latency += Hops(CollectiveAlgorithm.Direct) * _chip.Network.HopLatency.Count;
            network = taken * _tiles;
        }
        return Travelling(linkClass, adds, cycles, linkCycles, latency) with { NetworkBytes = network, LinkBytes = links };
    }

    public InstructionCost Visit(Send instruction)
    {
        long bytes = Of(instruction.Source).Bytes * _tiles;
        (long cycles, long latency) = OverLinks(instruction.LinkClass, CollectiveAlgorithm.Direct, bytes);
        return Travelling(instruction.LinkClass, 0, 0, cycles, latency) with { LinkBytes = bytes };
    }

    // The sender's SEND carries bytes and latency; the receiver waits for it by its token.
    public InstructionCost Visit(Receive instruction) => On(Limiter.Links, 0);

    /// <summary>
    /// A collective of a software stack: its library runs the fastest of the algorithms it has for the message. A ring passes its share in as
    /// many steps as there are parts to pass; a direct exchange sends everything to everyone in one step, or, where it is a reduction, shares
    /// first and results then in two; a network that adds and copies on the way takes each message up once and down once.
    /// </summary>
    /// <param name="linkClass">Which links.</param>
    /// <param name="toEveryone">Bytes out of a chip if its whole part goes to every other.</param>
    /// <param name="inShares">Bytes out of a chip if each chip handles one share.</param>
    /// <param name="ringSteps">Steps of a ring.</param>
    /// <param name="message">Bytes of the whole message.</param>
    private (long Cycles, long Latency)? LibraryCollective(int linkClass, long toEveryone, long inShares, int ringSteps, long message)
    {
        if (_options.Software is not { Collectives.Count: > 0 } software || _chip.Links.Count == 0)
            return null;
        LinkDescription link = _chip.Links[Math.Clamp(linkClass, 0, _chip.Links.Count - 1)];
        bool reduces = ringSteps >= _role.Ranks;
        (long Cycles, long Latency)? best = null;
        foreach (CollectiveDescription collective in software.Collectives)
        {
            if (collective.LargestMessage is { } largest && message > largest.Count)
                continue;
            long rate = (long)(link.Bandwidth.Count * (decimal)link.Count * collective.Efficiency);
            void Consider(int steps, long bytes)
            {
                Duration latency = collective.Startup + collective.StepOverhead * steps;
                (long Cycles, long Latency) time = (CyclesAt(bytes, rate), latency.ToCycles(_chip.Clock).Count);
                if (best is null || time.Cycles + time.Latency < best.Value.Cycles + best.Value.Latency)
                    best = time;
            }
            switch (collective.Algorithm)
            {
                case Chips.CollectiveAlgorithm.Ring:
                    Consider(ringSteps, inShares);
                    break;
                case Chips.CollectiveAlgorithm.Butterfly or Chips.CollectiveAlgorithm.Tree:
                    Consider((int)Log2(_role.Ranks) * (reduces ? 2 : 1), inShares);
                    break;
                case Chips.CollectiveAlgorithm.InNetwork or Chips.CollectiveAlgorithm.Multicast:
                    // Not every switch adds or copies what passes it.
                    if (link.SwitchReduces == true)
                        Consider(reduces ? 2 : 1, message);
                    break;
                default:
                    Consider(1, toEveryone);
                    if (reduces)
                        Consider(2, inShares);
                    break;
            }
        }
        return best;
    }

    /// <summary>
    /// Messages of a library from each member to each other, all at once: the protocols of its rings without their steps; each doubling of the
    /// members is a step more, since a member's channels take its messages in turns.
    /// </summary>
    private (long Cycles, long Latency)? LibraryMessages(int linkClass, long bytes, long message)
    {
        if (_options.Software is not { Collectives.Count: > 0 } software || _chip.Links.Count == 0)
            return null;
        LinkDescription link = _chip.Links[Math.Clamp(linkClass, 0, _chip.Links.Count - 1)];
        (long Cycles, long Latency)? best = null;
        foreach (CollectiveDescription collective in software.Collectives)
        {
            if (
                collective.Algorithm is not (Chips.CollectiveAlgorithm.Ring or Chips.CollectiveAlgorithm.Direct)
                || (collective.LargestMessage is { } largest && message > largest.Count)
                || (collective.LargestPart is { } part && message / _role.Ranks > part.Count)
            )
                continue;
            long rate = (long)(link.Bandwidth.Count * (decimal)link.Count * collective.Efficiency);
            Duration latency = collective.MessageStartup ?? collective.Startup + collective.StepOverhead * Math.Max(1, Log2(_role.Ranks));
            (long Cycles, long Latency) time = (CyclesAt(bytes, rate), latency.ToCycles(_chip.Clock).Count);
            if (best is null || time.Cycles + time.Latency < best.Value.Cycles + best.Value.Latency)
                best = time;
        }
        return best;
    }

    private static long Divide(long value, long by) => (value + by - 1) / by;

    /// <summary>Bytes out of one chip over all links of a class, and the latency of the algorithm's steps.</summary>
    private (long Cycles, long Latency) OverLinks(int linkClass, CollectiveAlgorithm algorithm, long bytes)
    {
        if (_chip.Links.Count == 0)
            return (0, 0);
        LinkDescription link = _chip.Links[Math.Clamp(linkClass, 0, _chip.Links.Count - 1)];
        long steps = algorithm switch
        {
            CollectiveAlgorithm.Ring => Math.Max(1, _role.Ranks - 1),
            CollectiveAlgorithm.Butterfly => Log2(_role.Ranks),
            CollectiveAlgorithm.Tree => 2 * Log2(_role.Ranks),
            CollectiveAlgorithm.InNetwork => 2,
            _ => 1,
        };
        long usable = algorithm switch
        {
            // A ring has one neighbour in each direction, a butterfly one partner at a time; the others spread over all links.
            CollectiveAlgorithm.Ring or CollectiveAlgorithm.Butterfly => Math.Max(1, link.Count / Math.Max(1, _role.Ranks - 1)),
            _ => link.Count,
        };
        return (CyclesAt(bytes, link.Bandwidth.Count * usable), steps * link.Latency.ToCycles(_chip.Clock).Count);
    }

    private long BisectionCycles(long part, CollectiveAlgorithm algorithm)
    {
        if (_chip.Network.Kind != NetworkKind.Mesh)
            return 0;
        long crossing = part * (_tiles / 2) * (algorithm == CollectiveAlgorithm.Multicast || _chip.Network.Multicast ? 1 : _tiles / 2);
        long wires = Math.Max(1, Math.Min(_chip.Tiles.Rows, _chip.Tiles.Columns));
        return (_chip.Network.LinkRate * wires).TimeFor(new(crossing)).Count;
    }

    private long Hops(CollectiveAlgorithm algorithm)
    {
        long diameter = _chip.Network.Kind switch
        {
            NetworkKind.Mesh => _chip.Tiles.Rows + _chip.Tiles.Columns - 2,
            NetworkKind.Ring => _chip.Tiles.Count / 2,
            _ => 1,
        };
        return algorithm switch
        {
            CollectiveAlgorithm.Ring => _tiles - 1,
            // Distances double from step to step and add up to the diameter; a crossbar takes one hop a step.
            CollectiveAlgorithm.Butterfly => Math.Max(diameter, Log2(_tiles)),
            CollectiveAlgorithm.Tree or CollectiveAlgorithm.InNetwork => 2 * Math.Max(1, diameter),
            _ => Math.Max(1, diameter),
        };
    }

    private static long Rounds(CollectiveAlgorithm algorithm, int members) =>
        algorithm switch
        {
            CollectiveAlgorithm.Butterfly => Log2(members),
            CollectiveAlgorithm.Tree => 2 * Log2(members),
            CollectiveAlgorithm.InNetwork or CollectiveAlgorithm.Multicast => 1,
            _ => members - 1,
        };

    private static long Log2(int members) => members <= 1 ? 0 : int.Log2(members - 1) + 1;

    private InstructionCost Travelling(int linkClass, long work, long networkCycles, long linkCycles, long latency) =>
        On(Limiter.Vector, work) with
        {
            NetworkCycles = networkCycles,
            LinkCycles = linkCycles,
            LinkClass = linkClass,
            Latency = latency,
        };
}
