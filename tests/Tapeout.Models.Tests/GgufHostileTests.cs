using Tapeout.Models.Importers;
using Tapeout.Quantities;

namespace Tapeout.Models.Tests;

public class GgufHostileTests
{
    public static TheoryData<string, string> Cases =>
        new(
            ("empty", "not a GGUF file"),
            ("text", "not a GGUF file"),
            ("version 1", "GGUF version 1"),
            ("version 9", "GGUF version 9"),
            ("big-endian", "big-endian"),
            ("header only", "ends inside the number of tensors"),
            ("more tensors than bytes", "the number of tensors is"),
            ("more pairs than bytes", "the number of metadata pairs is"),
            ("cut inside a key", "cut short"),
            ("key of 2^63 bytes", "claims"),
            ("key twice", "has the metadata key 'general.name' twice"),
            ("value type 13", "GGUF knows 0 to 12"),
            ("boolean 2", "must be 0 or 1"),
            ("array longer than the file", "the number of elements of 'a'"),
            ("arrays in arrays", "nests arrays"),
            ("alignment 3", "power of two"),
            ("alignment text", "must be a whole number"),
            ("no architecture", "'general.architecture'"),
            ("unknown architecture", "supported are llama, mistral, mixtral"),
            ("tensor twice", "has the tensor 'token_embd.weight' twice"),
            ("five dimensions", "has 5 dimensions"),
            ("dimension 0", "is 0; 1 to"),
            ("dimension 2^40", "dimension 1 of 'x'"),
            ("unknown type", "type 99, which is not read"),
            ("half a block", "not a multiple of the 32 of a Q4_0 block"),
            ("offset not aligned", "not a multiple of the alignment 32"),
            ("offset beyond the file", "has only"),
            ("size beyond 64 bits", "cut short or damaged"),
            ("overlap", "overlaps"),
            ("cut in the data", "cut short or damaged"),
            ("layers 2^31", "'llama.block_count' is"),
            ("layers missing", "'llama.block_count'"),
            ("heads 3", "does not divide into 3 heads"),
            ("weight missing", "'blk.0.ffn_up.weight'"),
            ("wrong shape", "'output.weight' is 7 × 32"),
            ("bias", "'blk.0.attn_q.bias'"),
            ("rope scaling", "supported are none, linear"),
            ("epsilon NaN", "must be a finite number"),
            ("split", "one of 3 parts")
        );

    [Theory]
    [MemberData(nameof(Cases))]
    public void Open_HostileFile_OneSentence(string what, string expected)
    {
        byte[] bytes = Make(what);
        InvalidInputException e = Assert.Throws<InvalidInputException>(() =>
        {
            using Model model = GgufModelImporter.Load(GgufFile.Read("bad.gguf", bytes));
        });
        string sentence = e.Problems[0];
        Assert.Contains(expected, sentence, StringComparison.Ordinal);
        Assert.Contains("bad.gguf", sentence, StringComparison.Ordinal);
        Assert.EndsWith(".", sentence, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', sentence);
    }

    [Fact]
    public void Open_GoodFile_Loads()
    {
        using Model model = GgufModelImporter.Load(GgufFile.Read("good.gguf", GgufBuilder.Llama().Build()));
        Assert.True(model.Configuration.TiedEmbeddings);
        Assert.Null(model.Tokenizer);
    }

    [Fact]
    public void Open_MissingFile_OneSentence()
    {
        Assert.Contains(
            "does not exist",
            Assert.Throws<InvalidInputException>(() => ModelSource.Open("no/such.gguf")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains("is a folder", Assert.Throws<InvalidInputException>(() => ModelSource.Open("/")).Message, StringComparison.Ordinal);
        Assert.Contains("no model", Assert.Throws<InvalidInputException>(() => ModelSource.Open("lama")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("llama.context_length")]
    [InlineData("a=long:1")]
    [InlineData("a=int:x")]
    [InlineData("a=bool:1")]
    [InlineData("a=float:NaN")]
    [InlineData("=int:1")]
    public void Override_WrongForm_OneSentence(string text) =>
        Assert.Contains(text, Assert.Throws<InvalidInputException>(() => MetadataOverride.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Override_ReplacesAndAdds()
    {
        MetadataOverride[] overrides =
        [
            MetadataOverride.Parse("llama.context_length=int:99"),
            MetadataOverride.Parse("llama.attention.sliding_window=int:12"),
            MetadataOverride.Parse("general.name=str:a:b=c"),
            MetadataOverride.Parse("llama.rope.freq_base=float:5e5"),
            MetadataOverride.Parse("tokenizer.ggml.add_bos_token=bool:false"),
        ];
        using Model model = GgufModelImporter.Load(GgufFile.Read("m.gguf", GgufBuilder.Llama().Build(), overrides));
        Assert.Equal("a:b=c", model.Name);
        Assert.Equal("mistral", model.Configuration.Architecture);
        Assert.Equal((99, 12, 5e5), (model.Configuration.ContextLength, model.Configuration.SlidingWindow, model.Configuration.RopeBase));
    }

    private static byte[] Make(string what)
    {
        GgufBuilder good = GgufBuilder.Llama();
        GgufBuilder bare = new GgufBuilder().Text("general.architecture", "llama");
        switch (what)
        {
            case "empty":
                return [];
            case "text":
                return "version https://git-lfs.github.com/spec/v1"u8.ToArray();
            case "version 1":
                good.Version = 1;
                break;
            case "version 9":
                good.Version = 9;
                break;
            case "big-endian":
                good.Version = 3u << 24;
                break;
            case "header only":
                return good.Build()[..12];
            case "more tensors than bytes":
                good.ClaimedTensors = ulong.MaxValue;
                break;
            case "more pairs than bytes":
                good.ClaimedPairs = 1UL << 60;
                break;
            case "cut inside a key":
                return good.Build()[..40];
            case "key of 2^63 bytes":
                byte[] bytes = good.Build();
                bytes[31] = 0x80;
                return bytes;
            case "key twice":
                good.Text("general.name", "a").Text("general.name", "b");
                break;
            case "value type 13":
                good.Pair("a", 13, w => w.Write(0));
                break;
            case "boolean 2":
                good.Pair("a", 7, w => w.Write((byte)2));
                break;
            case "array longer than the file":
                good.Pair("a", 9, w => WriteArray(w, 4, 1UL << 40));
                break;
            case "arrays in arrays":
                good.Pair(
                    "a",
                    9,
                    w =>
                    {
                        for (int i = 0; i < 1000; i++)
                            WriteArray(w, 9, 1);
                    }
                );
                break;
            case "alignment 3":
                good.Int("general.alignment", 3);
                break;
            case "alignment text":
                good.Text("general.alignment", "32");
                break;
            case "no architecture":
                return new GgufBuilder().Int("llama.block_count", 1).Build();
            case "unknown architecture":
                return new GgufBuilder().Text("general.architecture", "mamba\n\u001b[31m").Build();
            case "tensor twice":
                good.Tensor("token_embd.weight", 32, 8);
                break;
            case "five dimensions":
                return bare.Tensor("x", [1, 1, 1, 1, 1], 0, 0).Build();
            case "dimension 0":
                return bare.Tensor("x", [0], 0, 0).Build();
            case "dimension 2^40":
                return bare.Tensor("x", [32, 1UL << 40], 0, 0).Build();
            case "unknown type":
                return bare.Tensor("x", [32], 99, 0).Build();
            case "half a block":
                return bare.Tensor("x", [16], 2, 0).Build();
            case "offset not aligned":
                return bare.Tensor("x", [1], 0, 4).Build();
            case "offset beyond the file":
                return bare.Tensor("x", [1], 0, ulong.MaxValue - 31).Build();
            case "size beyond 64 bits":
                return bare.Tensor("x", [int.MaxValue, int.MaxValue, int.MaxValue], 0, 0).Build();
            case "overlap":
                good.Tensor("x", [64], 0, 32);
                break;
            case "cut in the data":
                good.Cut = 1;
                break;
            case "layers 2^31":
                return Changed("llama.block_count=int:2147483648");
            case "layers missing":
                return bare.Tensor("token_embd.weight", 32, 8).Build();
            case "heads 3":
                return Changed("llama.attention.head_count=int:3");
            case "weight missing":
                return Renamed("blk.0.ffn_up.weight", "blk.0.ffn_xx.weight");
            case "wrong shape":
                good.Tensor("output.weight", 32, 7);
                break;
            case "bias":
                good.Tensor("blk.0.attn_q.bias", 32, 1);
                break;
            case "rope scaling":
                good.Text("llama.rope.scaling.type", "yarn");
                break;
            case "epsilon NaN":
                return Changed("llama.attention.layer_norm_rms_epsilon=float:NaN");
            case "split":
                good.Int("split.count", 3);
                break;
            default:
                throw new ArgumentException(what);
        }
        return good.Build();
    }

    private static void WriteArray(BinaryWriter w, uint type, ulong count)
    {
        w.Write(type);
        w.Write(count);
    }

    /// <summary>The good file with one number changed in place.</summary>
    private static byte[] Changed(string change)
    {
        (string key, string value) = (
            change[..change.IndexOf('=', StringComparison.Ordinal)],
            change[(change.IndexOf(':', StringComparison.Ordinal) + 1)..]
        );
        byte[] bytes = GgufBuilder.Llama().Build();
        int at = bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(key)) + key.Length + 4;
        byte[] number = value == "NaN" ? BitConverter.GetBytes(float.NaN) : BitConverter.GetBytes((uint)long.Parse(value));
        number.CopyTo(bytes, at);
        return bytes;
    }

    private static byte[] Renamed(string from, string to)
    {
        byte[] bytes = GgufBuilder.Llama().Build();
        System.Text.Encoding.UTF8.GetBytes(to).CopyTo(bytes, bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(from)));
        return bytes;
    }
}
