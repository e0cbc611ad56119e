using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Tapeout.Models.Tests;

/// <summary>Writes small GGUF files, right or wrong on purpose.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A memory stream holds nothing that needs disposal.")]
internal sealed class GgufBuilder
{
    private readonly MemoryStream _pairs = new();
    private readonly MemoryStream _tensors = new();
    private readonly MemoryStream _data = new();
    private ulong _pairCount;
    private ulong _tensorCount;

    public uint Version { get; set; } = 3;

    public ulong? ClaimedPairs { get; set; }

    public ulong? ClaimedTensors { get; set; }

    public int Cut { get; set; }

    /// <summary>A model of the llama architecture: 1 layer, width 32, 2 heads, vocabulary 8.</summary>
    public static GgufBuilder Llama()
    {
        GgufBuilder b = new();
        b.Text("general.architecture", "llama")
            .Int("llama.block_count", 1)
            .Int("llama.context_length", 64)
            .Int("llama.embedding_length", 32)
            .Int("llama.feed_forward_length", 64)
            .Int("llama.attention.head_count", 2)
            .Float("llama.attention.layer_norm_rms_epsilon", 1e-5f);
        foreach (
            (string name, int columns, int rows) in (ReadOnlySpan<(string, int, int)>)
                [
                    ("token_embd.weight", 32, 8),
                    ("output_norm.weight", 32, 1),
                    ("blk.0.attn_norm.weight", 32, 1),
                    ("blk.0.attn_q.weight", 32, 32),
                    ("blk.0.attn_k.weight", 32, 32),
                    ("blk.0.attn_v.weight", 32, 32),
                    ("blk.0.attn_output.weight", 32, 32),
                    ("blk.0.ffn_norm.weight", 32, 1),
                    ("blk.0.ffn_gate.weight", 32, 64),
                    ("blk.0.ffn_up.weight", 32, 64),
                    ("blk.0.ffn_down.weight", 64, 32),
                ]
        )
        {
            b.Tensor(name, columns, rows);
        }
        return b;
    }

    public GgufBuilder Text(string key, string value) => Pair(key, 8, w => Write(w, value));

    public GgufBuilder Int(string key, uint value) => Pair(key, 4, w => w.Write(value));

    public GgufBuilder Float(string key, float value) => Pair(key, 6, w => w.Write(value));

    public GgufBuilder Pair(string key, uint type, Action<BinaryWriter> value)
    {
        using BinaryWriter w = new(_pairs, Encoding.UTF8, true);
        Write(w, key);
        w.Write(type);
        value(w);
        _pairCount++;
        return this;
    }

    public GgufBuilder Tensor(string name, int columns, int rows)
    {
        while (_data.Length % 32 != 0)
            _data.WriteByte(0);
        long at = _data.Length;
        _data.Write(new byte[4 * columns * rows]);
        return Tensor(name, [(ulong)columns, (ulong)rows], 0, (ulong)at);
    }

    public GgufBuilder Tensor(string name, ulong[] sizes, uint type, ulong offset)
    {
        using BinaryWriter w = new(_tensors, Encoding.UTF8, true);
        Write(w, name);
        w.Write((uint)sizes.Length);
        foreach (ulong size in sizes)
            w.Write(size);
        w.Write(type);
        w.Write(offset);
        _tensorCount++;
        return this;
    }

    public byte[] Build()
    {
        MemoryStream file = new();
        using BinaryWriter w = new(file);
        w.Write(0x46554747u);
        w.Write(Version);
        w.Write(ClaimedTensors ?? _tensorCount);
        w.Write(ClaimedPairs ?? _pairCount);
        w.Write(_pairs.ToArray());
        w.Write(_tensors.ToArray());
        while (file.Length % 32 != 0)
            w.Write((byte)0);
        w.Write(_data.ToArray());
        byte[] bytes = file.ToArray();
        return bytes[..(bytes.Length - Cut)];
    }

    public static void Write(BinaryWriter w, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        w.Write((ulong)bytes.Length);
        w.Write(bytes);
    }
}
