using System.Buffers.Binary;
using System.Text;
using Tapeout.Testing;

namespace Tapeout.Cli.Tests;

/// <summary>A folder full of files that cannot be used.</summary>
internal sealed class BadInputs : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public BadInputs()
    {
        WriteModels();
        WriteChips();
        WriteTapes();
        Directory.CreateDirectory(_folder["folder"]);
    }

    public string[] Content => _folder.Content;

    public string this[string name] => _folder[name];

    public void Dispose() => _folder.Dispose();

    private void WriteModels()
    {
        byte[] model = File.ReadAllBytes(SharedData.InRepository("models/stories260k/stories260k-f32.gguf"));
        _folder.Write("good.gguf", model);
        _folder.Write("truncated.gguf", model[..700_000]);
        _folder.Write("header.gguf", model[..100]);
        _folder.Write("empty.gguf", []);
        _folder.Write("text.gguf", "This is no model at all, only a text of some length.");
        Patched("many-tensors.gguf", model, bytes => BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], 1UL << 62));
        Patched("long-key.gguf", model, bytes => BinaryPrimitives.WriteUInt64LittleEndian(bytes[24..], long.MaxValue));
        Patched("version.gguf", model, bytes => BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], 9));
        Patched("nan.gguf", model, bytes => BinaryPrimitives.WriteSingleLittleEndian(bytes[^4..], float.NaN));
        Patched("infinite.gguf", model, bytes => BinaryPrimitives.WriteSingleLittleEndian(bytes[^4..], float.PositiveInfinity));
        _folder.Write(
            "architecture.gguf",
            Encoding.Latin1.GetBytes(Encoding.Latin1.GetString(model).Replace("llama", "lmama", StringComparison.Ordinal))
        );
    }

    private void Patched(string name, byte[] model, PatchAction patch)
    {
        byte[] bytes = [.. model];
        patch(bytes);
        _folder.Write(name, bytes);
    }

    private void WriteChips()
    {
        _folder.Write("syntax.yaml", "name: x\n  tiles: [\n");
        _folder.Write("unit.yaml", "extends: ideal\nname: unit\nclock: 3GB\n");
        _folder.Write("bare.yaml", "extends: ideal\nname: bare\nclock: 3\n");
        _folder.Write("key.yaml", "extends: ideal\nname: key\nclok: 3GHz\n");
        _folder.Write("cycle-a.yaml", "extends: ./cycle-b.yaml\nname: cycle-a\n");
        _folder.Write("cycle-b.yaml", "extends: ./cycle-a.yaml\nname: cycle-b\n");
        _folder.Write("base.yaml", "extends: nothing\nname: base\n");
        _folder.Write("three.yaml", "extends: ideal\nname: three\nclock: 3\ntiles: 8\nclok: 1GHz\n");
        _folder.Write("empty.yaml", "");
    }

    private void WriteTapes()
    {
        Invocation.Good("compile", "-o", _folder["good.tape"]);
        Invocation.Good("disasm", _folder["good.tape"], "-o", _folder["good.asm"]);
        byte[] tape = File.ReadAllBytes(_folder["good.tape"]);
        string text = File.ReadAllText(_folder["good.asm"]);
        _folder.Write("cut.tape", tape[..5000]);
        Patched("damaged.tape", tape, bytes => bytes[900] ^= 1);
        _folder.Write("empty.asm", "");
        _folder.Write("binary.asm", [0xff, 0xfe, 0]);
        _folder.Write("mnemonic.asm", text.Replace("MATMUL ", "MATMULL ", StringComparison.Ordinal));
        _folder.Write("operand.asm", text.Replace("Result=Final", "Result=Finish", StringComparison.Ordinal));
        int origin = text.IndexOf(".origin 1 ", StringComparison.Ordinal);
        _folder.Write("field.asm", string.Concat(text.AsSpan(0, origin), ".origin 1 nam", text.AsSpan(origin + ".origin 1 name".Length)));
        _folder.Write("rule.asm", text.Replace(" ranks=1 tiles=64", " ranks=0 tiles=64", StringComparison.Ordinal));
    }

    private delegate void PatchAction(Span<byte> bytes);
}
