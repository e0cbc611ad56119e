using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
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

    /// <summary>The rule it was made for; others may take it too (<see cref="Suits"/>).</summary>
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

    /// <summary>True if a product by <paramref name="rule"/> can be made from what the panel holds for another one.</summary>
    public bool Suits(in ProductRule rule) =>
        rule.Activation == Rule.Activation
        && rule.Length == Rule.Length
        && rule.Kind == Rule.Kind
        && rule.Block == Rule.Block
        && (!IsTiled || (rule.Weight.Element == Rule.Weight.Element && rule.Weight.Offset == Rule.Weight.Offset));

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
            if (IsTiled)
            {
                FillTiles(layout, bytes, row, first, count);
                return;
            }
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

    private void FillTiles(in TensorLayout layout, byte* bytes, int row, int first, int count)
    {
        for (int tile = 0; tile < Tiles; tile++)
        {
            (int tileFirst, int tokens) = Tile(tile);
            int from = Math.Max(first, tileFirst);
            int to = Math.Min(first + count, tileFirst + tokens);
            int* codes = (int*)(Codes + (nint)tileFirst * Stride);
            int token = from;
            for (; token + 4 <= to; token += 4)
                Interleave((sbyte*)bytes + (nint)(row + token) * layout.RowBytes, layout.RowBytes, codes + (token - tileFirst), tokens);
            for (; token < to; token++)
                Spread((sbyte*)bytes + (nint)(row + token) * layout.RowBytes, 0, codes + (token - tileFirst), tokens);
            for (token = from; token < to; token++)
                FillParameters(layout, bytes, row + token, tileFirst, token - tileFirst, tokens);
        }
    }

    /// <summary>Four tokens' codes, four quads of each at a time.</summary>
    private void Interleave(sbyte* source, nint stride, int* codes, nint tokens)
    {
        int k = 0;
        for (; k + 16 <= Rule.Length; k += 16)
        {
            Vector128<int> a = Vector128.Load((int*)(source + k));
            Vector128<int> b = Vector128.Load((int*)(source + stride + k));
            Vector128<int> c = Vector128.Load((int*)(source + 2 * stride + k));
            Vector128<int> d = Vector128.Load((int*)(source + 3 * stride + k));
            Vector128<int> ac = Sse2.UnpackLow(a, c);
            Vector128<int> bd = Sse2.UnpackLow(b, d);
            int* target = codes + k / 4 * tokens;
            Sse2.UnpackLow(ac, bd).Store(target);
            Sse2.UnpackHigh(ac, bd).Store(target + tokens);
            ac = Sse2.UnpackHigh(a, c);
            bd = Sse2.UnpackHigh(b, d);
            Sse2.UnpackLow(ac, bd).Store(target + 2 * tokens);
            Sse2.UnpackHigh(ac, bd).Store(target + 3 * tokens);
        }
        for (int token = 0; token < 4; token++)
            Spread(source + token * stride, k, codes + token, tokens);
    }

    /// <summary>A token's codes from k = <paramref name="start"/> on, a multiple of 4.</summary>
    private void Spread(sbyte* source, int start, int* codes, nint tokens)
    {
        if (tokens == 1)
        {
            Buffer.MemoryCopy(source + start, (sbyte*)codes + start, Stride, Rule.Length - start);
            return;
        }
        int k = start;
        for (; k + 4 <= Rule.Length; k += 4)
            codes[k / 4 * tokens] = *(int*)(source + k);
        // What lies behind the length meets weight codes that are 0.
        for (; k < Rule.Length; k++)
            ((sbyte*)(codes + k / 4 * tokens))[k % 4] = source[k];
    }

    private void FillParameters(in TensorLayout layout, byte* bytes, int row, int tileFirst, int place, nint tokens)
    {
        int length = Rule.Length;
        int block = Rule.Block;
        sbyte* source = (sbyte*)bytes + (nint)row * layout.RowBytes;
        int negativeBias = -InterleavedWeights.BiasOf(Rule.Weight.Element);
        OffsetKind offset = Rule.Weight.Offset;
        int each = IntegerTile.ParametersPerToken(offset);
        int* parameters = Sums + (nint)tileFirst * Blocks * each + place;
        int group = layout.Format.GroupSize == 0 ? int.MaxValue : layout.Format.GroupSize;
        ElementType scaleType = layout.Format.ScaleType;
        byte* plane = bytes + layout.ScalesAt;
        for (int b = 0; b < Blocks; b++, parameters += each * tokens)
        {
            int k = b * block;
            int sum = Products.Sum(source + k, Math.Min(block, length - k));
            parameters[0] = unchecked(sum * negativeBias);
            ((float*)parameters)[tokens] = TensorCodec.ReadFloat(scaleType, plane, TensorCodec.ParameterIndex(layout, row, k / group));
            if (offset == OffsetKind.Minimum)
                ((float*)parameters)[2 * tokens] = sum;
            else if (offset == OffsetKind.ZeroPoint)
                parameters[2 * tokens] = sum;
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
