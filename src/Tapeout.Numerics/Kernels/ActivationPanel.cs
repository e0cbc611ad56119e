using System.Runtime.InteropServices;
using Tapeout.Numerics.Kernels.Emitted;

namespace Tapeout.Numerics.Kernels;

/// <summary>
/// Activations as the kernels read them: integer codes, with the sum and the scale of every block beside them, or float32. For machine code written at
/// start-up, tokens that it multiplies at once are a tile: codes [k / 4][tokens][4], and for each block [tokens] starts of the integer sum, scales and,
/// where weights have offsets, sums. Reused from product to product; grows, never shrinks.
/// </summary>
public sealed unsafe class ActivationPanel : IDisposable
{
    private byte* _memory;
    private long _capacity;

    /// <summary>Tokens that the panel holds.</summary>
    public int Tokens { get; private set; }

    /// <summary>The rule it was made for; kernels of rules with the same activation format, length and block take it too.</summary>
    public ProductRule Rule { get; private set; }

    /// <summary>Codes [tokens, <see cref="Stride"/>], or float32 values [tokens, <see cref="Stride"/>].</summary>
    internal sbyte* Codes => (sbyte*)_memory;

    internal float* Values => (float*)_memory;

    /// <summary>Elements between two tokens.</summary>
    internal int Stride { get; private set; }

    /// <summary>Blocks of a token.</summary>
    internal int Blocks { get; private set; }

    /// <summary>Σ of the codes of each block [tokens, blocks].</summary>
    internal int* Sums { get; private set; }

    /// <summary>The scale of each block [tokens, blocks].</summary>
    internal float* Scales { get; private set; }

    /// <summary>True to multiply with machine code.</summary>
    internal bool UsesMachineCode { get; private set; }

    /// <summary>True if the codes lie in tiles.</summary>
    internal bool IsTiled => UsesMachineCode && Rule.Kind != ProductKind.FloatFold;

    /// <summary>Tiles that the tokens are divided into; the first ones have a token more than the last ones.</summary>
    internal int Tiles => (Tokens + IntegerTile.MostTokens - 1) / IntegerTile.MostTokens;

    /// <summary>Makes room for <paramref name="tokens"/> tokens; then <see cref="Fill"/> them all.</summary>
    /// <param name="rule">The product's rule.</param>
    /// <param name="tokens">Tokens.</param>
    /// <param name="machineCode">False to multiply without <see cref="MachineCode"/> even where there is some.</param>
    public void Begin(in ProductRule rule, int tokens, bool machineCode = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokens);
        Rule = rule;
        Tokens = tokens;
        Stride = (rule.Length + 63) & ~63;
        bool isFloat = rule.Kind == ProductKind.FloatFold;
        Blocks = rule.Plan.Blocks;
        UsesMachineCode = machineCode && MachineCode.IsAvailable;
        long codes = (long)tokens * Stride * (isFloat ? 4 : 1);
        long parameters = isFloat ? 0 : ((long)tokens * Blocks * 4 + 63) & ~63L;
        long needed = codes + 3 * parameters;
        if (needed > _capacity)
        {
            NativeMemory.AlignedFree(_memory);
            _capacity = needed + needed / 4;
            _memory = (byte*)NativeMemory.AlignedAlloc((nuint)_capacity, 64);
        }
        Sums = (int*)(_memory + codes);
        Scales = (float*)(_memory + codes + parameters);
    }

    /// <summary>Fills in tokens; several threads may fill different ones.</summary>
    /// <param name="activations">Activations of the rule's format, all of K: their k start at 0.</param>
    /// <param name="row">The row of the panel's token 0.</param>
    /// <param name="first">The first token of the panel to fill.</param>
    /// <param name="count">Tokens to fill.</param>
    public void Fill(in PackedMatrix activations, int row, int first, int count)
    {
        ProductRule rule = Rule;
        if (activations.Format != rule.Activation)
            throw new ArgumentException($"The activations are {activations.Format}, not {rule.Activation}.", nameof(activations));
        if (first < 0 || count < 0 || first + count > Tokens)
            throw new ArgumentOutOfRangeException(nameof(first), first, $"The panel holds {Tokens} tokens.");
        activations.Require(row + first, count, 0, rule.Length);
        TensorLayout layout = activations.Layout;
        fixed (byte* bytes = activations.Bytes)
        {
            for (int token = first; token < first + count; token++)
            {
                if (rule.Kind == ProductKind.FloatFold)
                    TensorCodec.DequantiseSegment(
                        layout,
                        bytes,
                        row + token,
                        -activations.ColumnStart,
                        rule.Length,
                        Values + (nint)token * Stride
                    );
                else if (IsTiled)
                    FillTile(layout, bytes, row + token, token);
                else
                    FillCodes(layout, bytes, row + token, token);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        _capacity = 0;
        Tokens = 0;
    }

    /// <summary>The first token of a tile and its tokens.</summary>
    internal (int First, int Count) Tile(int tile)
    {
        int tokens = Tokens / Tiles;
        int longer = Tokens % Tiles;
        return (tile * tokens + Math.Min(tile, longer), tile < longer ? tokens + 1 : tokens);
    }

    private void FillTile(in TensorLayout layout, byte* bytes, int row, int token)
    {
        int longer = Tokens % Tiles * (Tokens / Tiles + 1);
        int tile = token < longer ? token / (Tokens / Tiles + 1) : Tokens % Tiles + (token - longer) / (Tokens / Tiles);
        (int first, nint count) = Tile(tile);
        int length = Rule.Length;
        int block = Rule.Block;
        sbyte* source = (sbyte*)bytes + (nint)row * layout.RowBytes;
        int* codes = (int*)(Codes + (nint)first * Stride) + (token - first);
        int quads = length / 4;
        for (int quad = 0; quad < quads; quad++)
            codes[quad * count] = ((int*)source)[quad];
        // What lies behind the length meets weight codes that are 0.
        for (int k = quads * 4; k < length; k++)
            ((sbyte*)(codes + quads * count))[k % 4] = source[k];
        int negativeBias = -InterleavedWeights.BiasOf(Rule.Weight.Element);
        OffsetKind offset = Rule.Weight.Offset;
        nint each = IntegerTile.ParametersPerToken(offset) * count;
        int* parameters = Sums + (nint)first * Blocks * IntegerTile.ParametersPerToken(offset) + (token - first);
        int group = layout.Format.GroupSize == 0 ? int.MaxValue : layout.Format.GroupSize;
        ElementType scaleType = layout.Format.ScaleType;
        byte* plane = bytes + layout.ScalesAt;
        for (int b = 0; b < Blocks; b++, parameters += each)
        {
            int k = b * block;
            int sum = Products.Sum(source + k, Math.Min(block, length - k));
            parameters[0] = unchecked(sum * negativeBias);
            ((float*)parameters)[count] = TensorCodec.ReadFloat(scaleType, plane, TensorCodec.ParameterIndex(layout, row, k / group));
            if (offset == OffsetKind.Minimum)
                ((float*)parameters)[2 * count] = sum;
            else if (offset == OffsetKind.ZeroPoint)
                parameters[2 * count] = sum;
        }
    }

    private void FillCodes(in TensorLayout layout, byte* bytes, int row, int token)
    {
        int length = Rule.Length;
        int block = Rule.Block;
        sbyte* source = (sbyte*)bytes + (nint)row * layout.RowBytes;
        sbyte* codes = Codes + (nint)token * Stride;
        // What lies behind the length meets weight codes that are 0.
        Buffer.MemoryCopy(source, codes, Stride, length);
        int* sums = Sums + (nint)token * Blocks;
        float* scales = Scales + (nint)token * Blocks;
        int group = layout.Format.GroupSize == 0 ? int.MaxValue : layout.Format.GroupSize;
        ElementType scaleType = layout.Format.ScaleType;
        byte* plane = bytes + layout.ScalesAt;
        for (int b = 0; b < Blocks; b++)
        {
            int k = b * block;
            sums[b] = Products.Sum(codes + k, Math.Min(block, length - k));
            scales[b] = TensorCodec.ReadFloat(scaleType, plane, TensorCodec.ParameterIndex(layout, row, k / group));
        }
    }
}
