namespace Tapeout.Isa;

/// <summary>What an operand of an instruction is.</summary>
public enum OperandKind
{
    /// <summary>A descriptor that is read; one word, its number.</summary>
    Read,

    /// <summary>A descriptor that may be absent; one word, −1 for none.</summary>
    OptionalRead,

    /// <summary>A descriptor that is written.</summary>
    Write,

    /// <summary>A descriptor that is read and written.</summary>
    ReadWrite,

    /// <summary>An integer, one word.</summary>
    Integer,

    /// <summary>A binary32, one word.</summary>
    Float,

    /// <summary>0 or 1, one word.</summary>
    Flag,

    /// <summary>A value of an enum, one word.</summary>
    Enumeration,

    /// <summary>A size expression, four words.</summary>
    Size,

    /// <summary>An index expression, three words.</summary>
    Index,
}
