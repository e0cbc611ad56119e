namespace Tapeout.Isa;

/// <summary>The first word of every instruction. Every bit is owned once (a test proves it); positions never depend on the chip.</summary>
public static class InstructionHeader
{
    /// <summary>The opcode.</summary>
    public static BitField OpcodeBits { get; } = new("opcode", 0, 8);

    /// <summary>The engine.</summary>
    public static BitField EngineBits { get; } = new("engine", 8, 4);

    /// <summary>The number of tokens waited for.</summary>
    public static BitField WaitBits { get; } = new("waits", 12, 8);

    /// <summary>The number of tokens signalled.</summary>
    public static BitField SignalBits { get; } = new("signals", 20, 8);

    /// <summary>Zero.</summary>
    public static BitField ReservedBits { get; } = new("reserved", 28, 4);

    /// <summary>All fields.</summary>
    public static IReadOnlyList<BitField> Fields { get; } = [OpcodeBits, EngineBits, WaitBits, SignalBits, ReservedBits];

    /// <summary>The header word.</summary>
    public static int Pack(Opcode opcode, Engine engine, int waits, int signals) =>
        OpcodeBits.Insert((int)opcode) | EngineBits.Insert((int)engine) | WaitBits.Insert(waits) | SignalBits.Insert(signals);
}
