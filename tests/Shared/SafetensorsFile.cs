using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Tapeout.Testing;

/// <summary>Reads the tensors of a golden .safetensors file: 8 bytes of header length, JSON, data.</summary>
internal sealed class SafetensorsFile
{
    private readonly byte[] _bytes;
    private readonly Dictionary<string, (string Type, int[] Shape, int Start, int Length)> _tensors = [];

    /// <summary>Reads <paramref name="path"/>.</summary>
    public SafetensorsFile(string path)
    {
        _bytes = File.ReadAllBytes(path);
        int header = (int)BinaryPrimitives.ReadUInt64LittleEndian(_bytes);
        using JsonDocument json = JsonDocument.Parse(_bytes.AsMemory(8, header));
        foreach (JsonProperty tensor in json.RootElement.EnumerateObject())
        {
            if (tensor.Name == "__metadata__")
                continue;
            int[] range = [.. tensor.Value.GetProperty("data_offsets").EnumerateArray().Select(e => e.GetInt32())];
            int[] shape = [.. tensor.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];
            _tensors[tensor.Name] = (tensor.Value.GetProperty("dtype").GetString()!, shape, 8 + header + range[0], range[1] - range[0]);
        }
    }

    /// <summary>The names of the tensors.</summary>
    public IReadOnlyCollection<string> Names => _tensors.Keys;

    /// <summary>The shape of a tensor.</summary>
    public int[] Shape(string name) => _tensors[name].Shape;

    /// <summary>The bytes of a tensor.</summary>
    public ReadOnlySpan<byte> Bytes(string name) => _bytes.AsSpan(_tensors[name].Start, _tensors[name].Length);

    /// <summary>A tensor of F32 or F64 as doubles.</summary>
    public double[] Doubles(string name) =>
        _tensors[name].Type switch
        {
            "F32" => [.. MemoryMarshal.Cast<byte, float>(Bytes(name)).ToArray().Select(x => (double)x)],
            "F64" => MemoryMarshal.Cast<byte, double>(Bytes(name)).ToArray(),
            string type => throw new InvalidDataException($"{name} is {type}, not a float tensor."),
        };

    /// <summary>A tensor of I32 or I64 as integers.</summary>
    public int[] Integers(string name) =>
        _tensors[name].Type switch
        {
            "I32" => MemoryMarshal.Cast<byte, int>(Bytes(name)).ToArray(),
            "I64" => [.. MemoryMarshal.Cast<byte, long>(Bytes(name)).ToArray().Select(x => (int)x)],
            string type => throw new InvalidDataException($"{name} is {type}, not an integer tensor."),
        };
}
