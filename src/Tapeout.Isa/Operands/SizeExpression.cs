namespace Tapeout.Isa;

/// <summary>A size: ceil((Multiplier · symbol + Offset) / Divisor).</summary>
/// <param name="Symbol">The entry of the step's tables; None for a constant.</param>
/// <param name="Multiplier">a.</param>
/// <param name="Offset">b.</param>
/// <param name="Divisor">c, at least 1.</param>
public readonly record struct SizeExpression(Symbol Symbol, int Multiplier, int Offset, int Divisor)
{
    /// <summary>A constant.</summary>
    public static SizeExpression Of(int constant) => new(Symbol.None, 0, constant, 1);

    /// <summary><paramref name="multiplier"/> · <paramref name="symbol"/>.</summary>
    public static SizeExpression Of(Symbol symbol, int multiplier = 1) => new(symbol, multiplier, 0, 1);

    /// <summary>The value for given table entries.</summary>
    /// <exception cref="OverflowException">The value does not fit 32 bits.</exception>
    public int Evaluate(in StepSizes sizes)
    {
        long value = (long)Multiplier * sizes[Symbol] + Offset;
        return checked((int)(Divisor <= 1 ? value : Math.Max(0, (value + Divisor - 1) / Divisor)));
    }

    /// <summary>As in assembly: <c>64</c>, <c>tokens</c>, <c>2*tokens</c>, <c>ceil((2*tokens+1)/4)</c>.</summary>
    public override string ToString()
    {
        if (Symbol == Symbol.None && Multiplier == 0 && Divisor == 1)
            return Offset.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (Symbol != Symbol.None && Offset == 0 && Divisor == 1)
            return Multiplier == 1 ? Name(Symbol) : $"{Multiplier}*{Name(Symbol)}";
        return $"ceil(({Multiplier}*{Name(Symbol)}+{Offset})/{Divisor})";
    }

    private static string Name(Symbol symbol) => symbol.ToString().ToLowerInvariant();
}
