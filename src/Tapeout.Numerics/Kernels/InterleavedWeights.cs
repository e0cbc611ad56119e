using System.Runtime.CompilerServices;
using Tapeout.Numerics.Kernels.Emitted;

namespace Tapeout.Numerics.Kernels;

/// <summary>
/// The weights of one product, repacked so that each vector lane owns a row: a group is 16 rows, and 64 bytes hold the next few k of all 16. No sum is taken
/// across lanes, so the plan's order holds in each lane at any vector width, and every result has the bits of <see cref="Products"/>.
/// <list type="bullet">
/// <item>Integers: 64 bytes are [16 rows][4 k] (a quad) of codes made unsigned. int8 has one quad in them, int4 two (low and high nibbles), ternary and binary
/// four (pairs of bits from the lowest). Scales, then zero points or minima, lie [group of rows][group of k][16 rows] in planes of their own.</item>
/// <item>Floats: [k][16 rows].</item>
/// </list>
/// The unsigned offset is not subtracted from codes: −offset · Σ q_a starts the integer sum.
/// </summary>
[SkipLocalsInit] // scratch memory on the stack is written before it is read
public sealed unsafe partial class InterleavedWeights
{
    /// <summary>Rows of a group.</summary>
    public const int GroupRows = 16;

    private readonly byte* _codes;
    private readonly byte* _scales;
    private readonly byte* _minima;
    private readonly byte* _zeros;
    private readonly long _groupBytes;
    private readonly ElementType _element;
    private readonly ElementType _scaleType;
    private readonly int _parameterGroups;
    private readonly int _bias;
    private readonly int _unit;

    // Machine code that has been looked up: of an integer product over all of K by tokens; of floats by vectors (1, 2, 4), whether they lie in scratch memory
    // or in their planes, and tokens.
    private readonly nint[] _code;

    /// <summary>Repacks weights.</summary>
    /// <param name="rule">The product's rule.</param>
    /// <param name="weights">All of K, from k = 0.</param>
    /// <param name="rowFirst">The first row.</param>
    /// <param name="rowCount">Rows.</param>
    /// <param name="memory">Where they are put; they live as long as it.</param>
    public InterleavedWeights(in ProductRule rule, in PackedMatrix weights, int rowFirst, int rowCount, KernelMemory memory)
        // The quick conversions of half floats are for finite ones.
        : this(rule, rowCount, TensorCodec.AreFinite(weights.Layout, weights.Bytes), memory)
    {
        if (weights.Format != rule.Weight)
            throw new ArgumentException($"The weights are {weights.Format}, not {rule.Weight}.", nameof(weights));
        if (weights.ColumnStart != 0 || weights.Layout.Columns != rule.Length)
            throw new ArgumentException($"All {rule.Length} terms of K are needed.", nameof(weights));
        weights.Require(rowFirst, rowCount, 0, rule.Length);
        // Absent rows and k are zero.
        Planes.Clear();
        TensorLayout layout = weights.Layout;
        NumberFormat format = layout.Format;
        fixed (byte* bytes = weights.Bytes)
        {
            if (format.IsFloat)
            {
                InterleavedPacking.PackFloats(format.Element, _element, layout, bytes, rowFirst, rowCount, _codes, _groupBytes);
                return;
            }
            InterleavedPacking.PackCodes(layout, bytes, rowFirst, rowCount, _unit, _codes, _groupBytes);
            InterleavedPacking.PackParameters(layout, bytes, layout.ScalesAt, rowFirst, rowCount, _scaleType, _scales);
            if (_minima != null)
                InterleavedPacking.PackParameters(layout, bytes, layout.OffsetsAt, rowFirst, rowCount, _scaleType, _minima);
            if (_zeros != null)
                InterleavedPacking.PackZeros(layout, bytes, rowFirst, rowCount, _zeros);
        }
    }

    /// <summary>Weights whose <see cref="Planes"/> are still to be written: what another object of the same rule, rows and finiteness holds.</summary>
    /// <param name="rule">The product's rule.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="isFinite">True if all their floating-point numbers are finite; others take up more room.</param>
    /// <param name="memory">Where they are put; they live as long as it.</param>
    public InterleavedWeights(in ProductRule rule, int rows, bool isFinite, KernelMemory memory)
    {
        Rule = rule;
        Rows = rows;
        IsFinite = isFinite;
        NumberFormat format = rule.Weight;
        _element = format.IsFloat && !isFinite ? ElementType.F32 : format.Element;
        _scaleType = isFinite ? format.ScaleType : ElementType.F32;
        _unit = UnitOf(_element);
        _groupBytes = (rule.Length + _unit - 1L) / _unit * (format.IsFloat ? UnitBytes(_element) : 64);
        _bias = BiasOf(format.Element);
        _parameterGroups = Math.Max(1, format.GroupsPerRow(rule.Length));
        long parameters = (long)Groups * GroupRows * _parameterGroups;
        long parameterBytes = format.IsFloat ? 0 : parameters * (_scaleType == ElementType.F32 ? 4 : 2);
        long scalesAt = Align(Groups * _groupBytes);
        long offsetsAt = scalesAt + Align(parameterBytes);
        PlaneBytes = format.Offset switch
        {
            OffsetKind.Minimum => offsetsAt + Align(parameterBytes),
            OffsetKind.ZeroPoint => offsetsAt + Align(parameters),
            _ => offsetsAt,
        };
        _codes = memory.Allocate(PlaneBytes);
        _scales = _codes + scalesAt;
        if (format.Offset == OffsetKind.Minimum)
            _minima = _codes + offsetsAt;
        else if (format.Offset == OffsetKind.ZeroPoint)
            _zeros = _codes + offsetsAt;
        _whole = Shape(0, rule.Plan.Leaves);
        _code = new nint[rule.Kind == ProductKind.FloatFold ? 3 * 2 * (MostTokens + 1) : IntegerTile.MostTokens + 1];
    }

    /// <summary>True if all floating-point numbers of the weights are finite.</summary>
    public bool IsFinite { get; }

    /// <summary>Bytes of <see cref="Planes"/>.</summary>
    public long PlaneBytes { get; }

    /// <summary>Codes, scales and offsets as they lie in memory: at most 2 GiB of it.</summary>
    public Span<byte> Planes => new(_codes, checked((int)PlaneBytes));

    /// <summary>The rule of the product.</summary>
    public ProductRule Rule { get; }

    /// <summary>Rows.</summary>
    public int Rows { get; }

    /// <summary>Groups of 16 rows, the last perhaps short: what work is divided by.</summary>
    public int Groups => (Rows + GroupRows - 1) / GroupRows;

    /// <summary>Where the codes of the first group lie, with those of the others behind them.</summary>
    public nint CodesStart => (nint)_codes;

    /// <summary>Bytes of a group's codes.</summary>
    public long GroupBytes => _groupBytes;

    /// <summary>Bytes of codes, without scales and offsets.</summary>
    public long CodeBytes => Groups * _groupBytes;

    /// <summary>
    /// The plan's node over leaves [<paramref name="leafFirst"/>, leafFirst + <paramref name="leafCount"/>) for groups of rows and all tokens of a panel;
    /// whole results for all leaves. Several threads may compute different groups.
    /// </summary>
    /// <param name="panel">The activations, filled for this rule.</param>
    /// <param name="groupFirst">The first group of rows.</param>
    /// <param name="groupCount">Groups of rows.</param>
    /// <param name="output">Element [token · outputStride + row] is written; row 0 is the first packed row.</param>
    /// <param name="outputStride">Elements between two tokens.</param>
    /// <param name="leafFirst">A multiple of <paramref name="leafCount"/>.</param>
    /// <param name="leafCount">A power of two up to the plan's leaves; 0 for all.</param>
    /// <returns>False if a result is not finite.</returns>
    public bool Multiply(
        ActivationPanel panel,
        int groupFirst,
        int groupCount,
        float* output,
        nint outputStride,
        int leafFirst = 0,
        int leafCount = 0
    )
    {
        if (leafCount == 0)
            leafCount = _whole.LeafCount;
        if (groupFirst < 0 || groupCount < 0 || groupFirst + groupCount > Groups)
            throw new ArgumentOutOfRangeException(nameof(groupFirst), groupFirst, $"There are {Groups} groups of rows.");
        if (!int.IsPow2(leafCount) || leafFirst < 0 || leafFirst % leafCount != 0 || leafFirst + leafCount > _whole.LeafCount)
            throw new ArgumentOutOfRangeException(
                nameof(leafFirst),
                leafFirst,
                $"{leafCount} leaves from it are no node of {_whole.LeafCount}."
            );
        if (!panel.Suits(Rule))
            throw new ArgumentException("The panel was made for another rule.", nameof(panel));
        if (panel.IsTiled)
            return MultiplyTiles(panel, groupFirst, groupCount, output, outputStride, leafFirst, leafCount);
        if (Rule.Kind == ProductKind.FloatFold)
            MultiplyFloats(panel, groupFirst, groupCount, output, outputStride, leafFirst, leafCount);
        else
            MultiplyIntegers(panel, groupFirst, groupCount, output, outputStride, leafFirst, leafCount);
        // While they are in a cache.
        int row = groupFirst * GroupRows;
        int rows = Math.Min(groupCount * GroupRows, Rows - row);
        bool isFinite = true;
        for (int token = 0; token < panel.Tokens; token++)
            isFinite &= TensorCodec.AreFinite(new ReadOnlySpan<float>(output + token * outputStride + row, rows));
        return isFinite;
    }

    /// <summary>As the other overload, over all rows and leaves, into <paramref name="output"/> [tokens, rows].</summary>
    public void Multiply(ActivationPanel panel, Span<float> output)
    {
        if (output.Length < (long)panel.Tokens * Rows)
            throw new ArgumentException($"{panel.Tokens} × {Rows} results do not fit {output.Length} elements.", nameof(output));
        fixed (float* target = output)
            Multiply(panel, 0, Groups, target, Rows);
    }

    /// <summary>What is added to codes so that they are unsigned.</summary>
    internal static int BiasOf(ElementType element) =>
        element switch
        {
            ElementType.I8 => 128,
            ElementType.I4 => 8,
            ElementType.U4 => 0,
            _ => 1,
        };

    /// <summary>k that one unit of 64 bytes (one vector of 16 for floats) holds of each row.</summary>
    internal static int UnitOf(ElementType element) =>
        element switch
        {
            ElementType.I8 => 4,
            ElementType.I4 or ElementType.U4 => 8,
            ElementType.Ternary or ElementType.Binary => 16,
            _ => 1,
        };

    private static long Align(long bytes) => (bytes + 63) & ~63L;

    internal static int UnitBytes(ElementType element) => element == ElementType.F32 ? 64 : 32;
}
