using System.Globalization;
using Tapeout.Quantities;

namespace Tapeout.Reports.Validation;

/// <summary>One row of a file of measurements.</summary>
/// <param name="Id">The file's name and line, or the row's own identifier where the file has one.</param>
/// <param name="File">The file's name.</param>
/// <param name="Line">The line in the file, from 1.</param>
/// <param name="Fields">The row's cells by the header's names.</param>
public sealed record MeasuredRow(string Id, string File, int Line, IReadOnlyDictionary<string, string> Fields)
{
    /// <summary>The text of a cell; empty if the file has no such column.</summary>
    public string Text(string column) => Fields.GetValueOrDefault(column, "");

    /// <summary>True if the file has the column.</summary>
    public bool Has(string column) => Fields.ContainsKey(column);

    /// <summary>A whole number of a cell; "4096.0", as some writers of tables have it, is one.</summary>
    /// <exception cref="InvalidInputException">The cell is not a whole number from 0 on.</exception>
    public int Number(string column) => (int)Whole(column, int.MaxValue);

    /// <summary>A whole number of a cell that may be larger.</summary>
    /// <exception cref="InvalidInputException">The cell is not a whole number from 0 on.</exception>
    public long LongNumber(string column) => Whole(column, 1L << 53);

    /// <summary>True if a cell states something but "nan", 0 or less; whether it is a number at all is seen where it is read.</summary>
    public bool States(string column) =>
        Text(column).Trim().Length > 0
        && (!double.TryParse(Text(column), NumberStyles.Float, CultureInfo.InvariantCulture, out double value) || value > 0);

    private long Whole(string column, long most) =>
        decimal.TryParse(Text(column), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value)
        && value <= most
        && decimal.Truncate(value) == value
            ? (long)value
            : throw new InvalidInputException(
                $"{File}, line {Line}: {column} is '{Text(column)}', but must be a whole number from 0 to {most}."
            );

    /// <summary>A time in milliseconds, in seconds.</summary>
    /// <exception cref="InvalidInputException">The cell is not a positive number.</exception>
    public double Milliseconds(string column) =>
        double.TryParse(Text(column), NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
        && value > 0
        && double.IsFinite(value)
            ? value / 1e3
            : throw new InvalidInputException($"{File}, line {Line}: {column} is '{Text(column)}', but must be a positive number.");
}
