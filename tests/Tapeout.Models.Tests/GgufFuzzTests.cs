using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using Tapeout.Models.Importers;
using Tapeout.Quantities;
using Tapeout.Testing;

namespace Tapeout.Models.Tests;

/// <summary>
/// Mutated headers: whatever the bytes, a file loads or is refused with <see cref="InvalidInputException"/>, in bounded memory. Twenty
/// thousand by default; TAPEOUT_FUZZ=1000000 for more.
/// </summary>
public class GgufFuzzTests
{
    // Per byte of the header: a metadata pair of 14 bytes becomes a dictionary entry, a string and a value; a directory entry of 33 bytes a
    // tensor, a weight and their share of the graph and of the messages that refuse them. Per byte of the file: a text whose length is
    // wrong may reach into the data and is copied a few times.
    private const long PerHeaderByte = 64;
    private const long PerFileByte = 16;
    private const long Overhead = 256 * 1024;
    private const int HeaderBytes = 16384;

    private static readonly ulong[] _interesting =
    [
        0,
        1,
        2,
        3,
        7,
        8,
        12,
        31,
        32,
        33,
        64,
        127,
        128,
        255,
        256,
        4096,
        65535,
        65536,
        int.MaxValue,
        1UL << 31,
        uint.MaxValue,
        1UL << 32,
        1UL << 40,
        long.MaxValue,
        1UL << 63,
        ulong.MaxValue,
        ulong.MaxValue - 31,
    ];

    [Fact]
    public void Mutations_RefusedOrLoaded_InBoundedMemory()
    {
        int count = int.Parse(Environment.GetEnvironmentVariable("TAPEOUT_FUZZ") ?? "20000", CultureInfo.InvariantCulture);
        byte[][] seeds =
        [
            GgufBuilder.Llama().Build(),
            GgufBuilder.Llama().Text("tokenizer.ggml.model", "llama").Pair("tokenizer.ggml.tokens", 9, Tokens).Build(),
            File.ReadAllBytes(SharedData.InRepository("models/stories260k/stories260k-f32.gguf")),
        ];
        Random random = new(12345);
        int loaded = 0;
        long most = 0;
        Stopwatch watch = Stopwatch.StartNew();
        TimeSpan slowest = TimeSpan.Zero;
        for (int i = 0; i < count; i++)
        {
            byte[] seed = seeds[i % seeds.Length];
            byte[] header = Mutate(seed, random);
            using HeaderOverFile file = new(header, seed);
            long before = GC.GetAllocatedBytesForCurrentThread();
            TimeSpan start = watch.Elapsed;
            try
            {
                using Model model = GgufModelImporter.Load(GgufFile.Read(file, []));
                _ = model.Tokenizer;
                loaded++;
            }
            catch (InvalidInputException) { }
            catch (Exception e)
            {
                Assert.Fail($"Case {i}: {e}");
            }
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            long allowed = PerHeaderByte * header.Length + PerFileByte * file.Length + Overhead;
            most = Math.Max(most, 100 * allocated / allowed);
            slowest = TimeSpan.FromTicks(Math.Max(slowest.Ticks, (watch.Elapsed - start).Ticks));
            Assert.True(allocated <= allowed, $"Case {i}: {allocated} bytes for a file of {file.Length}.");
        }
        TestContext.Current.SendDiagnosticMessage(
            $"{count} mutations in {watch.Elapsed.TotalSeconds:F1} s, {loaded} loaded, slowest {slowest.TotalMilliseconds:F1} ms, most memory {most} % of what is allowed"
        );
        Assert.True(loaded > 0 && loaded < count);
    }

    private static void Tokens(BinaryWriter w)
    {
        w.Write(8u);
        w.Write(8UL);
        foreach (string token in (ReadOnlySpan<string>)["<unk>", "<s>", "</s>", "<0x41>", "▁", "a", "▁a", "aa"])
            GgufBuilder.Write(w, token);
    }

    /// <summary>The mutated first bytes of a file; one in eight is cut short.</summary>
    private static byte[] Mutate(byte[] seed, Random random)
    {
        byte[] bytes = seed[..Math.Min(seed.Length, HeaderBytes)];
        if (random.Next(8) == 0)
            return bytes[..random.Next(bytes.Length)];
        for (int n = random.Next(1, 5); n > 0; n--)
        {
            // Half of the changes go to the front, where the counts and the configuration are.
            int at = random.Next(random.Next(2) == 0 ? Math.Min(bytes.Length, 1400) : bytes.Length);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2 when at + 8 <= bytes.Length:
                    BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), _interesting[random.Next(_interesting.Length)]);
                    break;
                default:
                    int length = Math.Min(random.Next(1, 40), bytes.Length - at);
                    int from = random.Next(bytes.Length - length + 1);
                    bytes.AsSpan(from, length).ToArray().CopyTo(bytes, at);
                    break;
            }
        }
        return bytes;
    }

    /// <summary>A file whose first bytes are replaced, without copying the rest; a shorter header is a file cut short.</summary>
    private sealed class HeaderOverFile(byte[] header, byte[] file) : ByteSource
    {
        public override string Name => "fuzz.gguf";

        public override long Length => header.Length < Math.Min(file.Length, HeaderBytes) ? header.Length : file.Length;

        public override ReadOnlySpan<byte> Slice(long offset, int count)
        {
            Assert.True(offset >= 0 && count >= 0 && offset + count <= Length, "a read outside the file");
            if (offset + count <= header.Length)
                return header.AsSpan((int)offset, count);
            // A read across the seam sees the file as it was: the mutations of its last bytes are lost, which harms nothing.
            return file.AsSpan((int)offset, count);
        }

        public override void Dispose() { }
    }
}
