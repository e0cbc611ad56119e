namespace Tapeout.Isa;

/// <summary>Every channel between roles has one sender and one receiver, which agree on how often and in which format.</summary>
internal static class ChannelCheck
{
    private readonly record struct Site(Role Role, int ProgramCounter, int Channel, bool IsSend, int Descriptor);

    public static void Check(Tape tape, ProblemList problems)
    {
        List<Site> sites = [];
        foreach (Role role in tape.Roles)
        {
            for (int pc = 0; pc < role.Instructions.Length; pc++)
            {
                if (role.Instructions[pc] is Send send)
                    sites.Add(new(role, pc, send.Channel, true, send.Source));
                else if (role.Instructions[pc] is Receive receive)
                    sites.Add(new(role, pc, receive.Channel, false, receive.Destination));
            }
        }
        foreach (IGrouping<int, Site> channel in sites.GroupBy(s => s.Channel))
        {
            Role[] senders = [.. channel.Where(s => s.IsSend).Select(s => s.Role).Distinct()];
            Role[] receivers = [.. channel.Where(s => !s.IsSend).Select(s => s.Role).Distinct()];
            Site first = channel.First();
            if (receivers.Length != 1 || (senders.Length == 1 && receivers[0] == senders[0]))
                Fail(
                    channel.FirstOrDefault(s => s.IsSend, first),
                    "SEND C1",
                    $"{receivers.Length} other roles receive on channel {channel.Key}, but it must be one"
                );
            if (senders.Length != 1)
                Fail(
                    channel.FirstOrDefault(s => !s.IsSend, first),
                    "RECV C1",
                    $"{senders.Length} roles send on channel {channel.Key}, but it must be one"
                );
            if (senders.Length != 1 || receivers.Length != 1)
                continue;
            foreach (StepSizes sizes in (StepSizes[])[tape.Envelope.Bounds, new(1, 1, 1)])
            {
                long sent = Total(channel.Where(s => s.IsSend), sizes);
                long received = Total(channel.Where(s => !s.IsSend), sizes);
                if (sent != received)
                    Fail(first, "channel", $"{sent} regions are sent on channel {channel.Key} but {received} received");
            }
            if (senders[0].Ranks != receivers[0].Ranks)
                Fail(
                    first,
                    "channel",
                    $"channel {channel.Key} joins {senders[0].Ranks} ranks with {receivers[0].Ranks}, but each rank sends to the same rank"
                );
            string[] formats = [.. channel.Select(s => FormatOf(s).ToString()).Distinct()];
            if (formats.Length != 1)
                Fail(first, "channel", $"channel {channel.Key} carries {string.Join(" and ", formats)}, but it must be one format");
        }

        void Fail(Site site, string label, string sentence) => problems.Add(label, site.Role.Name, site.ProgramCounter, sentence);
    }

    private static Numerics.NumberFormat FormatOf(Site site) => site.Role.Buffers[site.Role.Descriptors[site.Descriptor].Buffer].Format;

    private static long Total(IEnumerable<Site> sites, StepSizes sizes) =>
        sites
            .GroupBy(s => s.Role)
            .Sum(g =>
            {
                LoopStructure loops = LoopStructure.Of(g.Key);
                return g.Sum(s => loops.Executions(g.Key, s.ProgramCounter, sizes));
            });
}
