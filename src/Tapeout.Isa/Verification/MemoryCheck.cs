namespace Tapeout.Isa;

/// <summary>Buffers fit their memories; constants and states share no byte with anything.</summary>
internal static class MemoryCheck
{
    public static void Check(Tape tape, Role role, IChipCapabilities? chips, ProblemList problems)
    {
        StepSizes bounds = tape.Envelope.Bounds;
        foreach (IGrouping<Space, TapeBuffer> space in role.Buffers.GroupBy(b => b.Space))
        {
            TapeBuffer? highest = null;
            TapeBuffer? highestKept = null;
            foreach (TapeBuffer buffer in space.OrderBy(b => b.Address))
            {
                bool isKept = buffer.Kind is BufferKind.Constant or BufferKind.State;
                TapeBuffer? below = isKept ? highest : highestKept;
                if (below is not null && End(below, bounds) > buffer.Address)
                {
                    problems.Add(
                        "overlap",
                        role.Name,
                        -1,
                        $"buffer '{buffer.Name}' starts at {buffer.Address} in {space.Key}, inside '{below.Name}', and one of them is kept from step to step"
                    );
                }
                if (highest is null || End(buffer, bounds) > End(highest, bounds))
                    highest = buffer;
                if (isKept && (highestKept is null || End(buffer, bounds) > End(highestKept, bounds)))
                    highestKept = buffer;
            }
            if (chips is not null && End(highest!, bounds) > chips.Capacity(space.Key))
            {
                problems.Add(
                    "memory",
                    role.Name,
                    -1,
                    $"buffer '{highest!.Name}' ends at byte {End(highest, bounds)} of {space.Key}, but the chip has {chips.Capacity(space.Key)}: use a larger chip, more chips or a smaller envelope"
                );
            }
        }
    }

    private static long End(TapeBuffer buffer, StepSizes bounds) => buffer.Address + buffer.Bytes(bounds);
}
