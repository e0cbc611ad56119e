using System.Buffers.Binary;
using System.Text;
using Tapeout.Quantities;

namespace Tapeout.Models.Importers;

/// <summary>
/// The key-value pairs of a GGUF file, in the order of the file, with the overrides applied. Every getter that does not find what it needs
/// refuses with a sentence that names the file, the key, what was found and what is allowed.
/// </summary>
public sealed class GgufMetadata
{
    private readonly ByteSource _source;
    private readonly Dictionary<string, GgufValue> _values;

    internal GgufMetadata(ByteSource source, Dictionary<string, GgufValue> values)
    {
        _source = source;
        _values = values;
    }

    /// <summary>All pairs.</summary>
    public IReadOnlyDictionary<string, GgufValue> Values => _values;

    /// <summary>The name of the file, for messages.</summary>
    public string Source => _source.Name;

    /// <summary>True if the key is there.</summary>
    public bool Has(string key) => _values.ContainsKey(key);

    /// <summary>A text, or null without the key.</summary>
    public string? OptionalText(string key)
    {
        if (!_values.TryGetValue(key, out GgufValue? value))
            return null;
        return value.Text ?? throw WrongType(key, value, "a string");
    }

    /// <summary>A text that must be there.</summary>
    public string Text(string key) => OptionalText(key) ?? throw Missing(key);

    /// <summary>A boolean, or null without the key.</summary>
    public bool? OptionalBool(string key)
    {
        if (!_values.TryGetValue(key, out GgufValue? value))
            return null;
        return value.Type == GgufValueType.Bool ? value.Integer != 0 : throw WrongType(key, value, "true or false");
    }

    /// <summary>
    /// A whole number of any width within <paramref name="minimum"/> … <paramref name="maximum"/>, or null without the key. An array (one
    /// number per layer) is accepted where all its numbers are equal.
    /// </summary>
    public int? OptionalInteger(string key, int minimum, int maximum = int.MaxValue)
    {
        if (!_values.TryGetValue(key, out GgufValue? value))
            return null;
        long number = value.Integer;
        if (value.Type == GgufValueType.Array && value.Count > 0 && GgufValue.IsIntegerType(value.ElementType))
        {
            number = IntegerAt(value, 0);
            for (long i = 1; i < value.Count; i++)
            {
                if (IntegerAt(value, i) != number)
                {
                    throw new InvalidInputException(
                        $"{Source}: '{key}' differs from layer to layer ({number} in layer 0, {IntegerAt(value, i)} in layer {i}); only models "
                            + "with the same value in every layer are supported."
                    );
                }
            }
        }
        else if (!value.IsInteger)
        {
            throw WrongType(key, value, "a whole number");
        }
        if (number < minimum || number > maximum)
        {
            throw new InvalidInputException(
                maximum == int.MaxValue
                    ? $"{Source}: '{key}' is {value}; it must be at least {minimum}."
                    : $"{Source}: '{key}' is {value}; it must be from {minimum} to {maximum}."
            );
        }
        return (int)number;
    }

    /// <summary>A whole number that must be there.</summary>
    public int Integer(string key, int minimum, int maximum = int.MaxValue) => OptionalInteger(key, minimum, maximum) ?? throw Missing(key);

    /// <summary>A token id below <paramref name="vocabulary"/>; null without the key or where the file says 4294967295, which means none.</summary>
    public int? TokenId(string key, int vocabulary)
    {
        if (!_values.TryGetValue(key, out GgufValue? value))
            return null;
        if (!value.IsInteger)
            throw WrongType(key, value, "a token id");
        if (value.Integer is uint.MaxValue or -1)
            return null;
        if (value.Integer < 0 || value.Integer >= vocabulary)
            throw new InvalidInputException($"{Source}: '{key}' is {value}, but the vocabulary has only {vocabulary} tokens.");
        return (int)value.Integer;
    }

    /// <summary>A finite number (binary32 or binary64), or null without the key.</summary>
    public double? OptionalNumber(string key)
    {
        if (!_values.TryGetValue(key, out GgufValue? value))
            return null;
        if (!value.IsFloat)
            throw WrongType(key, value, "a floating-point number");
        return double.IsFinite(value.Number)
            ? value.Number
            : throw new InvalidInputException($"{Source}: '{key}' is {value}; it must be a finite number.");
    }

    /// <summary>An array of texts, or null without the key.</summary>
    public string[]? OptionalTexts(string key)
    {
        GgufValue? value = OptionalArray(key, GgufValueType.String, "an array of strings");
        if (value is null)
            return null;
        string[] texts = new string[value.Count];
        long at = value.Offset;
        for (int i = 0; i < texts.Length; i++)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(_source.Slice(at, 8));
            texts[i] = Encoding.UTF8.GetString(_source.Slice(at + 8, length));
            at += 8 + length;
        }
        return texts;
    }

    /// <summary>Calls <paramref name="visit"/> with every element of an array of texts, without allocating; nothing without the key.</summary>
    internal void VisitTexts(string key, Action<int, ReadOnlySpan<byte>> visit)
    {
        if (
            !_values.TryGetValue(key, out GgufValue? value)
            || value.Type != GgufValueType.Array
            || value.ElementType != GgufValueType.String
        )
            return;
        long at = value.Offset;
        for (int i = 0; i < value.Count; i++)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(_source.Slice(at, 8));
            visit(i, _source.Slice(at + 8, length));
            at += 8 + length;
        }
    }

    /// <summary>An array of binary32, or null without the key.</summary>
    public float[]? OptionalFloats(string key)
    {
        GgufValue? value = OptionalArray(key, GgufValueType.Float32, "an array of 32-bit floats");
        if (value is null)
            return null;
        float[] numbers = new float[value.Count];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = BinaryPrimitives.ReadSingleLittleEndian(_source.Slice(value.Offset + 4L * i, 4));
        return numbers;
    }

    /// <summary>An array of whole numbers of 32 bits, or null without the key.</summary>
    public int[]? OptionalIntegers(string key)
    {
        if (!_values.TryGetValue(key, out GgufValue? value))
            return null;
        if (value.Type != GgufValueType.Array || value.ElementType is not (GgufValueType.Int32 or GgufValueType.UInt32))
            throw WrongType(key, value, "an array of 32-bit integers");
        int[] numbers = new int[value.Count];
        for (int i = 0; i < numbers.Length; i++)
            numbers[i] = BinaryPrimitives.ReadInt32LittleEndian(_source.Slice(value.Offset + 4L * i, 4));
        return numbers;
    }

    private GgufValue? OptionalArray(string key, GgufValueType element, string wanted)
    {
        if (!_values.TryGetValue(key, out GgufValue? value))
            return null;
        return value.Type == GgufValueType.Array && value.ElementType == element ? value : throw WrongType(key, value, wanted);
    }

    private long IntegerAt(GgufValue array, long index)
    {
        int size = GgufCursor.SizeOf(array.ElementType);
        return GgufCursor.ReadInteger(array.ElementType, _source.Slice(array.Offset + index * size, size));
    }

    private InvalidInputException Missing(string key) =>
        new($"{Source} has no metadata key '{key}', which its architecture needs; the file is incomplete, convert the model again.");

    private InvalidInputException WrongType(string key, GgufValue value, string wanted) =>
        new($"{Source}: '{key}' is {(value.Type == GgufValueType.Array ? value.ToString() : "a " + value.Type)}; it must be {wanted}.");
}
