using System.Collections.Immutable;
using System.Globalization;

namespace Tapeout.Isa;

/// <summary>A line of assembly as its words: the first, numbers that stand alone, and fields <c>name=value</c>. A field is taken once.</summary>
internal sealed class AssemblyLine
{
    private readonly Dictionary<string, string> fields = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, int> columns = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(string Word, int Column)> loose = [];
    private readonly int headColumn;

    private AssemblyLine(string head, int column)
    {
        Head = head;
        headColumn = column;
    }

    /// <summary>The directive or mnemonic.</summary>
    public string Head { get; }

    /// <summary>The words of a line; null if it has none but a comment.</summary>
    /// <exception cref="AssemblyException">A text is not closed or a field is given twice.</exception>
    public static AssemblyLine? Parse(string text)
    {
        AssemblyLine? line = null;
        int at = 0;
        while (at < text.Length && text[at] != ';')
        {
            if (char.IsWhiteSpace(text[at]))
            {
                at++;
                continue;
            }
            int start = at;
            bool quoted = false;
            while (at < text.Length && (quoted || (!char.IsWhiteSpace(text[at]) && text[at] != ';')))
            {
                if (quoted && text[at] == '\\')
                    at++;
                else if (text[at] == '"')
                    quoted = !quoted;
                at++;
            }
            if (quoted)
                throw new AssemblyException(start + 1, "a text has no closing quotation mark; put one at its end");
            string word = text[start..Math.Min(at, text.Length)];
            if (line is null)
                line = new(word, start + 1);
            else
                line.Add(word, start + 1);
        }
        return line;
    }

    /// <summary>What is wrong with the line as a whole.</summary>
    public AssemblyException Problem(string message) => new(headColumn, message);

    private void Add(string word, int column)
    {
        int equals = word.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
            loose.Add((word, column));
        else if (!fields.TryAdd(word[..equals], word[(equals + 1)..]))
            throw new AssemblyException(column, $"'{word[..equals]}' is given twice; keep one");
        else
            columns[word[..equals]] = column;
    }

    /// <summary>Fails if the number behind a directive is there but not the next one of its list.</summary>
    public void Number(int expected)
    {
        if (loose.Count > 0 && loose[0].Word == expected.ToString(CultureInfo.InvariantCulture))
            loose.RemoveAt(0);
        else if (loose.Count > 0)
            throw new AssemblyException(
                loose[0].Column,
                $"{Head} has number '{loose[0].Word}', but numbers count from 0 without gaps: write {expected}"
            );
    }

    public bool Has(string name) => fields.ContainsKey(name);

    public string Field(string name) =>
        fields.Remove(name, out string? value) ? value : throw Problem($"{Head} has no '{name}': add {name}=…");

    public string Text(string name)
    {
        string value = Field(name);
        return OperandText.Unquote(value) ?? throw Wrong(name, value, "a text in quotation marks");
    }

    public int Integer(string name) => Integer(name, Field(name));

    public long Long(string name)
    {
        string value = Field(name);
        return long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw Wrong(name, value, "an integer of 64 bits");
    }

    public T Name<T>(string name)
        where T : struct, Enum
    {
        string value = Field(name);
        return OperandText.TryName(value, out T result)
            ? result
            : throw Wrong(name, value, "one of " + string.Join(", ", Enum.GetNames<T>()));
    }

    public Axis Axis(string name)
    {
        string value = Field(name);
        return OperandText.TryAxis(value, out Axis axis) ? axis : throw Wrong(name, value, "an axis such as 576/rank:192/tile:48/L1:16");
    }

    public IndexExpression Index(string name)
    {
        string value = Field(name);
        return OperandText.TryIndex(value, out IndexExpression index) ? index : throw Wrong(name, value, "an index such as 3 or 0+1*L0");
    }

    public ImmutableArray<int> Tokens(string name)
    {
        if (!Has(name))
            return [];
        ImmutableArray<int> tokens = [.. Field(name).Split(',').Select(t => Integer(name, t))];
        return tokens.Length <= InstructionHeader.WaitBits.Maximum
            ? tokens
            : throw Wrong(name, $"{tokens.Length} tokens", $"at most {InstructionHeader.WaitBits.Maximum} tokens");
    }

    public OperandValue Operand(OperandDefinition operand)
    {
        string value = Field(operand.Name);
        OperandValue words = operand.Kind switch
        {
            OperandKind.OptionalRead when value == "none" => new(-1),
            OperandKind.Float => OperandText.TryFloat(value, out float number)
                ? OperandValue.Of(number)
                : throw Wrong(operand.Name, value, "a number such as 0.5, or its bits such as 0x3f000000"),
            OperandKind.Enumeration => new(EnumerationValue(operand, value)),
            OperandKind.Size => OperandText.TrySize(value, out SizeExpression size)
                ? OperandValue.Of(size)
                : throw Wrong(operand.Name, value, "a size such as 30, 2*tokens or ceil((1*tokens+0)/4)"),
            OperandKind.Index => OperandText.TryIndex(value, out IndexExpression index)
                ? OperandValue.Of(index)
                : throw Wrong(operand.Name, value, "an index such as 3 or 0+1*L0"),
            _ => new(Integer(operand.Name, value)),
        };
        return OperandRules.Problem(operand, words) is { } problem
            ? throw new AssemblyException(columns[operand.Name], $"operand {operand.Name} {problem}; see the instruction's manual page")
            : words;
    }

    /// <summary>Fails if something is left that no one has asked for.</summary>
    public void ExpectEnd()
    {
        if (loose.Count > 0)
            throw new AssemblyException(loose[0].Column, $"'{loose[0].Word}' is not a field; fields are written name=value");
        if (fields.Count > 0)
            throw new AssemblyException(columns[fields.Keys.First()], $"{Head} has no field '{fields.Keys.First()}'; remove it");
    }

    public AssemblyException Wrong(string name, string found, string allowed) =>
        new(columns[name], $"{name} is '{found}', but it must be {allowed}; correct it");

    private int Integer(string name, string value) =>
        OperandText.TryInteger(value, out int number) ? number : throw Wrong(name, value, "an integer of 32 bits");

    private int EnumerationValue(OperandDefinition operand, string value) =>
        value.Length > 0
        && char.IsAsciiLetter(value[0])
        && Enum.TryParse(operand.Enumeration!, value, true, out object? result)
        && Enum.IsDefined(operand.Enumeration!, result)
            ? Convert.ToInt32(result, CultureInfo.InvariantCulture)
            : throw Wrong(operand.Name, value, "one of " + string.Join(", ", Enum.GetNames(operand.Enumeration!)));
}
