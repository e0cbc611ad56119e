using System.Security.Cryptography;
using Tapeout.Testing;

namespace Tapeout.Isa.Tests;

public class ManualTests
{
    [Fact]
    public void Hash_IsThatOfTheCommittedFile()
    {
        byte[] file = File.ReadAllBytes(SharedData.InRepository("docs/isa/isa.json"));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(file)), InstructionTable.Hash);
    }

    [Fact]
    public void Pages_ShowEveryConstraintAndTheScalarMethod()
    {
        foreach (InstructionDefinition row in InstructionTable.All)
        {
            string page = File.ReadAllText(SharedData.InRepository($"docs/isa/{row.Mnemonic}.md"));
            Assert.All(row.Constraints, c => Assert.Contains($"**{c.Label}** {c.Text}", page));
            Assert.Contains($"{row.Name} instruction)", page);
        }
    }
}
