using System.Security.Cryptography;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Isa;

/// <summary>
/// The binary form of a tape: magic, container version, sections of little-endian 32- and 64-bit words and length-prefixed UTF-8, and a
/// SHA-256 of all that stands before it. Reading trusts nothing: every count is held against the bytes that are left.
/// </summary>
public static class TapeFile
{
    /// <summary>The version of the container.</summary>
    public const int ContainerVersion = 1;

    private static ReadOnlySpan<byte> Magic => "TAPEOUT\n"u8;

    /// <summary>The bytes of a tape.</summary>
    public static byte[] Write(Tape tape)
    {
        TapeWriter writer = new();
        writer.Raw(Magic);
        writer.Int(ContainerVersion);
        writer.Int(tape.IsaVersion);
        writer.Text(tape.IsaHash);
        writer.Text(tape.Model);
        writer.Text(tape.ModelHash);
        writer.Text(tape.Format);
        writer.Int(tape.Envelope.Sequences);
        writer.Int(tape.Envelope.Tokens);
        writer.Int(tape.Envelope.Context);
        writer.Int(tape.Envelope.Pages);
        writer.Int(tape.Envelope.LogitRows);
        writer.List(tape.Origins, WriteOrigin);
        writer.List(tape.Roles, WriteRole);
        byte[] hash = SHA256.HashData(writer.Written);
        writer.Raw(hash);
        return writer.Written.ToArray();
    }

    /// <summary>SHA-256 of the tape's bytes without their own hash, in hex: the name of a program.</summary>
    public static string Hash(Tape tape) => Convert.ToHexStringLower(Write(tape).AsSpan()[^32..]);

    /// <summary>The tape of some bytes.</summary>
    /// <param name="bytes">The file's content.</param>
    /// <param name="name">The file's name, for errors.</param>
    /// <exception cref="InvalidInputException">The bytes are not a tape, are damaged, or were made for another version.</exception>
    public static Tape Read(ReadOnlyMemory<byte> bytes, string name)
    {
        if (bytes.Length < Magic.Length + 36 || !bytes.Span[..Magic.Length].SequenceEqual(Magic))
            throw new InvalidInputException(
                $"'{name}' is not a tape: it does not start with the tape signature; make one with 'tapeout compile'."
            );
        ReadOnlyMemory<byte> body = bytes[..^32];
        if (!SHA256.HashData(body.Span).AsSpan().SequenceEqual(bytes.Span[^32..]))
            throw new InvalidInputException($"'{name}' is damaged: its hash does not match its content; compile it again.");
        TapeReader reader = new(body, name);
        reader.Skip(Magic.Length);
        int container = reader.Int();
        int isa = reader.Int();
        if (container != ContainerVersion || isa > InstructionTable.Version || isa < 1)
        {
            throw new InvalidInputException(
                $"'{name}' has container version {container} and instruction set version {isa}, but this program reads {ContainerVersion} and up to {InstructionTable.Version}: compile the model again."
            );
        }
        Tape tape = new()
        {
            IsaVersion = isa,
            IsaHash = reader.Text(),
            Model = reader.Text(),
            ModelHash = reader.Text(),
            Format = reader.Text(),
            Envelope = new(reader.Int(), reader.Int(), reader.Int(), reader.Int(), reader.Int()),
            Origins = reader.List(9, ReadOrigin),
            Roles = reader.List(32, ReadRole),
        };
        reader.ExpectEnd();
        return tape;
    }

    private static void WriteOrigin(TapeWriter writer, Origin origin)
    {
        writer.Text(origin.Operator);
        writer.Int(origin.FirstLayer);
        writer.Int(origin.LoopLevel);
    }

    private static Origin ReadOrigin(TapeReader reader) => new(reader.Text(), reader.Int(), reader.Int());

    private static void WriteRole(TapeWriter writer, Role role)
    {
        writer.Text(role.Name);
        writer.Text(role.Chip);
        writer.Text(role.ChipHash);
        writer.Int(role.Ranks);
        writer.Int(role.Tiles);
        writer.List(role.Buffers, WriteBuffer);
        writer.List(role.Descriptors, WriteDescriptor);
        writer.List(role.Tokens, WriteToken);
        writer.List(role.Instructions, InstructionCodec.Write);
    }

    private static Role ReadRole(TapeReader reader) =>
        new()
        {
            Name = reader.Text(),
            Chip = reader.Text(),
            ChipHash = reader.Text(),
            Ranks = reader.Int(),
            Tiles = reader.Int(),
            Buffers = reader.List(100, ReadBuffer),
            Descriptors = reader.List(100, ReadDescriptor),
            Tokens = reader.List(12, ReadToken),
            Instructions = reader.List(16, InstructionCodec.Read),
        };

    private static void WriteBuffer(TapeWriter writer, TapeBuffer buffer)
    {
        writer.Text(buffer.Name);
        writer.Int((int)buffer.Kind);
        writer.Int((int)buffer.Space);
        writer.Int((int)buffer.Format.Code);
        writer.Int(buffer.Stack0);
        writer.Int(buffer.Stack1);
        WriteAxis(writer, buffer.Rows);
        WriteAxis(writer, buffer.Columns);
        writer.Int(buffer.Slots);
        writer.Int(buffer.SlotLevel);
        writer.Long(buffer.Address);
        writer.Text(buffer.Tensor);
        writer.Int(buffer.FirstLayer);
    }

    private static TapeBuffer ReadBuffer(TapeReader reader) =>
        new()
        {
            Name = reader.Text(),
            Kind = reader.Enumeration<BufferKind>(),
            Space = reader.Enumeration<Space>(),
            Format = ReadFormat(reader),
            Stack0 = reader.Int(),
            Stack1 = reader.Int(),
            Rows = ReadAxis(reader),
            Columns = ReadAxis(reader),
            Slots = reader.Int(),
            SlotLevel = reader.Int(),
            Address = reader.Long(),
            Tensor = reader.Text(),
            FirstLayer = reader.Int(),
        };

    private static NumberFormat ReadFormat(TapeReader reader)
    {
        uint code = unchecked((uint)reader.Int());
        return NumberFormat.TryFromCode(code, out NumberFormat format)
            ? format
            : throw reader.Problem($"the number format code 0x{code:x8} is not known");
    }

    private static void WriteDescriptor(TapeWriter writer, Descriptor descriptor)
    {
        writer.Int(descriptor.Buffer);
        WriteIndex(writer, descriptor.Stack0);
        WriteIndex(writer, descriptor.Stack1);
        WriteAxis(writer, descriptor.Rows);
        WriteAxis(writer, descriptor.Columns);
    }

    private static Descriptor ReadDescriptor(TapeReader reader) =>
        new(reader.Int(), ReadIndex(reader), ReadIndex(reader), ReadAxis(reader), ReadAxis(reader));

    private static void WriteIndex(TapeWriter writer, IndexExpression index)
    {
        writer.Int(index.Base);
        writer.Int(index.Step);
        writer.Int(index.Level);
    }

    private static IndexExpression ReadIndex(TapeReader reader) => new(reader.Int(), reader.Int(), reader.Int());

    private static void WriteAxis(TapeWriter writer, Axis axis)
    {
        writer.Int((int)axis.Kind);
        writer.Int((int)axis.Total.Symbol);
        writer.Int(axis.Total.Multiplier);
        writer.Int(axis.Total.Offset);
        writer.Int(axis.Total.Divisor);
        writer.Int(axis.RankStep);
        writer.Int(axis.TileStep);
        writer.Int(axis.LoopStep);
        writer.Int(axis.LoopLevel);
        writer.Int(axis.InnerStep);
        writer.Int(axis.InnerLevel);
    }

    private static Axis ReadAxis(TapeReader reader) =>
        new()
        {
            Kind = reader.Enumeration<AxisKind>(),
            Total = new(reader.Enumeration<Symbol>(), reader.Int(), reader.Int(), reader.Int()),
            RankStep = reader.Int(),
            TileStep = reader.Int(),
            LoopStep = reader.Int(),
            LoopLevel = reader.Int(),
            InnerStep = reader.Int(),
            InnerLevel = reader.Int(),
        };

    private static void WriteToken(TapeWriter writer, DependencyToken token)
    {
        writer.Int((int)token.Producer);
        writer.Int((int)token.Consumer);
        writer.Int(token.Credits);
    }

    private static DependencyToken ReadToken(TapeReader reader) =>
        new(reader.Enumeration<Engine>(), reader.Enumeration<Engine>(), reader.Int());
}
