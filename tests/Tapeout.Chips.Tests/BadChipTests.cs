using Tapeout.Quantities;

namespace Tapeout.Chips.Tests;

public sealed class BadChipTests
{
    private static string Names => Sentence.Enumeration(ChipCatalog.Names(CatalogFolder.Chips));

    [Fact]
    public void Quantity_WrongUnit() =>
        Refused(
            "name: mine\nextends: ideal\nclock: 5 parsecs",
            "mine.yaml:3:8: clock: '5 parsecs' is not a frequency: write a number and Hz, kHz, MHz or GHz, e.g. \"1.35GHz\"."
        );

    [Fact]
    public void Quantity_BareNumber() =>
        Refused(
            "name: mine\nextends: ideal\nsram: {capacity: 2097152}",
            "mine.yaml:3:18: sram.capacity: '2097152' has no unit: write a number and B, KB, KiB, MB, MiB, GB, GiB, TB, TiB, PB or PiB, e.g. \"256KiB\"."
        );

    [Fact]
    public void Key_Unknown() =>
        Refused(
            "name: mine\nextends: ideal\nrom: {capacity: 1MiB, raedRate: 64B/cycle}",
            "mine.yaml:3:6: rom: 'readRate' is missing: add \"readRate: 128B/cycle\".",
            "mine.yaml:3:23: rom: 'raedRate' is not a known key (did you mean 'readRate'?): the keys here are capacity and readRate."
        );

    [Fact]
    public void Field_Missing()
    {
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() =>
            ChipReader.Parse("name: mine\ntitle: Mine\n", "mine.yaml")
        );
        Assert.Contains("mine.yaml:1:1: 'clock' is missing: add \"clock: 1.35GHz\".", refusal.Problems);
        Assert.Contains(
            "mine.yaml:1:1: 'sram' is missing: add \"sram:\" and below it capacity, banks, ports and bytesPerPort.",
            refusal.Problems
        );
        Assert.Contains("mine.yaml:1:1: 'technology' is missing: add \"technology: text\".", refusal.Problems);
    }

    [Fact]
    public void Problems_AllAtOnce_InTheOrderOfTheFile() =>
        Refused(
            """
            name: mine
            extends: ideal
            clock: fast
            tiles: 8 by 8
            sram:
              banks: 2.5
            matrix:
              dataflow: weightstationary
              slots: "0"
            network:
              multicast: maybe
            """,
            "mine.yaml:3:8: clock: 'fast' is not a frequency: write a number and Hz, kHz, MHz or GHz, e.g. \"1.35GHz\".",
            "mine.yaml:4:8: tiles: '8 by 8' is not a tile grid: write rows x columns, each from 1 to 4096, e.g. \"8x8\".",
            "mine.yaml:6:10: sram.banks: '2.5' is not a whole number up to 2147483647: write digits only, e.g. \"16\".",
            "mine.yaml:8:13: matrix.dataflow: 'weightstationary' is not allowed (did you mean 'weight-stationary'?): write weight-stationary or output-stationary.",
            "mine.yaml:9:10: matrix.slots: '0' is out of range: write a whole number from 1 to 16.",
            "mine.yaml:11:14: network.multicast: 'maybe' is neither true nor false: write one of them."
        );

    [Fact]
    public void Size_Negative() =>
        Refused(
            "name: mine\nextends: ideal\nsram: {capacity: -2MiB}",
            "mine.yaml:3:18: sram.capacity: '-2MiB' is out of range: write a size from 1B to 1PiB."
        );

    [Fact]
    public void Size_Absurd() =>
        Refused(
            "name: mine\nextends: ideal\nsram: {capacity: 1000000000000000000000000000000B}",
            "mine.yaml:3:18: sram.capacity: '1000000000000000000000000000000B' is too large for a size: at most 9223372036854775807B."
        );

    [Fact]
    public void Sum_OfTilesThatCannotBeCounted() =>
        Refused(
            "name: mine\nextends: ideal\nsram: {capacity: 1PiB}\ntiles: 4096x4096",
            "mine.yaml:4:1: tiles: is 4096x4096: all tiles together hold more bytes than can be counted, so use fewer tiles or less SRAM."
        );

    [Fact]
    public void Format_Unknown() =>
        Refused(
            "name: mine\nextends: ideal\nnumerics: {kvCache: [int8-rwo]}",
            "mine.yaml:3:22: numerics.kvCache[0]: 'int8-rwo' is not a number format (did you mean 'int8-row'?): write a name such as f32, f16, "
                + "bf16, int8-row, int8-g32, int4-g32, int4-g32-zero, int4-g32-min@f16, ternary-tensor or binary-row, or a pattern such as int4-*."
        );

    [Fact]
    public void Section_IsNoMapping() =>
        Refused(
            "name: mine\nextends: ideal\npower: 450W",
            "mine.yaml:3:8: power: is '450W', but must be a mapping with the keys tdp and idle."
        );

    [Fact]
    public void Static_WithLaunches() =>
        Refused(
            "name: mine\nextends: ideal\nexecution: {blocksPerCore: 2}",
            "mine.yaml:3:13: execution.blocksPerCore: is given, but a chip of style static has no launches: remove it or set style to dynamic."
        );

    [Fact]
    public void Dynamic_WithoutLaunches() =>
        Refused(
            "name: mine\nextends: nvidia-h100-sxm\nexecution: {graphReplayOverhead: none}",
            "mine.yaml:3:13: execution.graphReplayOverhead: is missing: a chip of style dynamic needs it."
        );

    [Fact]
    public void Banks_DoNotDivide() =>
        Refused(
            "name: mine\nextends: ideal\nsram: {banks: 3}",
            "mine.yaml:3:7: sram.capacity: is 2MiB, which does not divide into 3 banks: make it a multiple of the banks."
        );

    [Fact]
    public void Figure_BadProvenance() =>
        Refused(
            """
            name: mine
            extends: groq-lpu-v1
            clock: {value: 1GHz, confidence: certain, sources: [alfc_groq], because: faster, range: [2GHz, 1GHz]}
            """,
            "mine.yaml:3:34: clock.confidence: 'certain' is not allowed: write vendor-published, third-party, estimate, measured, fitted or assumed.",
            "mine.yaml:3:53: clock.sources: 'alfc_groq' is not a key under 'sources' (did you mean 'alcf_groq'?): add it there, or write the source out.",
            "mine.yaml:3:65: clock: 'because' is not a known key: a figure has value, confidence, sources, note and range.",
            "mine.yaml:3:89: clock.range: the least value 2GHz is more than the greatest 1GHz: swap them."
        );

    [Fact]
    public void Extends_UnknownName() =>
        Refused(
            "name: mine\nextends: idael",
            $"mine.yaml:2:10: extends: there is no chip 'idael' (did you mean 'ideal'?): the catalog has {Names}, and a file is named by its path, e.g. \"./my-chip.yaml\"."
        );

    [Fact]
    public void Extends_Circle()
    {
        string folder = Directory.CreateTempSubdirectory("tapeout-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "a.yaml"), "name: a\nextends: ./b.yaml\n");
            File.WriteAllText(Path.Combine(folder, "b.yaml"), "name: b\nextends: ./a.yaml\n");
            InvalidInputException refusal = Assert.Throws<InvalidInputException>(() => ChipReader.Load(Path.Combine(folder, "a.yaml")));
            Assert.Contains("goes in a circle: let one of them stand alone.", refusal.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    [Fact]
    public void Extends_WithoutAName() => Refused("extends: ideal", "mine.yaml:1:1: 'name' is missing: a variant needs a name of its own.");

    [Fact]
    public void Name_WithBlanks() =>
        Refused(
            "name: My Chip\nextends: ideal",
            "mine.yaml:1:1: name: is 'My Chip': a name has up to 64 lower-case letters, digits, dots and hyphens, e.g. \"ideal-3nm\"."
        );

    [Fact]
    public void File_Empty() => Refused("", "mine.yaml:1:1: the file is empty: write keys and values, e.g. \"name: my-chip\".");

    [Fact]
    public void File_OnlyComments() =>
        Refused("# nothing\n", "mine.yaml:1:1: the file is empty: write keys and values, e.g. \"name: my-chip\".");

    [Fact]
    public void File_IsAList() =>
        Refused(
            "- a\n- b\n",
            "mine.yaml:1:1: the file holds a list, but a description is a mapping: write keys and values, e.g. \"name: my-chip\"."
        );

    [Fact]
    public void File_IsNoYaml() => Assert.StartsWith("mine.yaml:1:", Problems("name: [1, 2\ntitle: }")[0], StringComparison.Ordinal);

    [Fact]
    public void File_TwoDocuments() =>
        Refused("name: a\n---\nname: b\n", "mine.yaml:2:1: a second document follows: a file holds one description.");

    [Fact]
    public void Key_Twice() => Refused("name: a\nname: b\n", "mine.yaml:2:1: 'name' is given twice: remove one.");

    [Fact]
    public void Alias_Bomb() =>
        Refused(
            "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
            "mine.yaml:1:4: an anchor (&name) is not allowed: write the value out, or use extends."
        );

    [Fact]
    public void Nesting_TooDeep() => Refused("name: " + new string('[', 5000), "mine.yaml:1:23: values are nested more than 16 deep.");

    [Fact]
    public void File_TooLong() =>
        Refused(
            "name: " + new string('x', 1 << 20),
            "mine.yaml: the file has 1048582 characters, more than the 1048576 that a description may have."
        );

    [Fact]
    public void Name_NoSuchChip()
    {
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() => ChipReader.Load("h100"));
        Assert.Equal(
            $"there is no chip 'h100' (did you mean 'nvidia-h100-sxm'?): the catalog has {Names}, and a file is named by its path, e.g. \"./my-chip.yaml\".",
            refusal.Message
        );
    }

    [Fact]
    public void File_DoesNotExist() =>
        Assert.StartsWith(
            "the file 'no/such.yaml' does not exist: name a file, or one of amd-mi210,",
            Assert.Throws<InvalidInputException>(() => ChipReader.Load("no/such.yaml")).Message,
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData("tile=8x8", "--set tile=8x8: 'tile' is not a known key (did you mean 'title'?): the keys here are name,")]
    [InlineData(
        "sram.size=1MiB",
        "--set sram.size=1MiB: sram: 'size' is not a known key: the keys here are capacity, banks, ports and bytesPerPort."
    )]
    [InlineData(
        "memory[3].bandwidth=1TB/s",
        "--set memory[3].bandwidth=1TB/s: memory[3]: there is no element 3: the list has elements 0 to 0."
    )]
    [InlineData("clock.max=1GHz", "--set clock.max=1GHz: clock.max: the field before it is a single value, which has no fields.")]
    [InlineData(
        "clock=fast",
        "--set clock=fast: clock: 'fast' is not a frequency: write a number and Hz, kHz, MHz or GHz, e.g. \"1.35GHz\"."
    )]
    [InlineData("clock", "--set clock: the override has no path: write path=value, e.g. \"tiles=8x8\".")]
    [InlineData("a..b=1", "--set a..b=1: 'a..b' is not a path: write keys with dots between, e.g. \"sram.capacity\".")]
    [InlineData("extends=reference", "--set extends=reference: 'extends' cannot be overridden: name the other chip instead.")]
    public void Override_Refused(string change, string sentence)
    {
        InvalidInputException refusal = Assert.Throws<InvalidInputException>(() => ChipReader.Load("ideal", [change]));
        Assert.StartsWith(sentence, Assert.Single(refusal.Problems), StringComparison.Ordinal);
    }

    [Fact]
    public void AnyText_IsReadOrRefused()
    {
        string ideal = ChipCatalog.ReadText(CatalogFolder.Chips, "ideal");
        const string noise = "{}[]:-&*!|>?'\"%@#,\n\t x9";
        Random random = new(3);
        for (int i = 0; i < 300; i++)
        {
            char[] text = ideal.ToCharArray();
            for (int change = 0; change < 4; change++)
                text[random.Next(text.Length)] = noise[random.Next(noise.Length)];
            try
            {
                _ = ChipReader.Parse(new string(text), "fuzzed.yaml").Hash;
            }
            catch (InvalidInputException refusal)
            {
                Assert.All(refusal.Problems, p => Assert.EndsWith(".", p, StringComparison.Ordinal));
            }
        }
    }

    private static IReadOnlyList<string> Problems(string yaml) =>
        Assert.Throws<InvalidInputException>(() => ChipReader.Parse(yaml, "mine.yaml")).Problems;

    private static void Refused(string yaml, params string[] sentences) => Assert.Equal(sentences, Problems(yaml));
}
