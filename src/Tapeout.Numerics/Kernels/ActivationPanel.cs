using System.Runtime.InteropServices;

namespace Tapeout.Numerics.Kernels;

/// <summary>
/// Activations as the kernels read them: integer codes, with the sum and the scale of every block beside them, or float32. Reused from
/// product to product; grows, never shrinks.
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

    /// <summary>Makes room for <paramref name="tokens"/> tokens; then <see cref="Fill"/> them all.</summary>
    public void Begin(in ProductRule rule, int tokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tokens);
        Rule = rule;
        Tokens = tokens;
        Stride = (rule.Length + 63) & ~63;
        bool isFloat = rule.Kind == ProductKind.FloatFold;
        Blocks = rule.Plan.Blocks;
        long codes = (long)tokens * Stride * (isFloat ? 4 : 1);
        long parameters = isFloat ? 0 : ((long)tokens * Blocks * 4 + 63) & ~63L;
        long needed = codes + 2 * parameters;
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
