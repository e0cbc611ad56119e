using Tapeout.Numerics;
using Tapeout.Testing;

namespace Tapeout.Isa.Tests;

/// <summary>Numbers that stand in files: the golden lists may only grow.</summary>
public class DiskNumbersTests
{
    private static readonly Type[] OnDisk =
    [
        typeof(AccumulateMode),
        typeof(AttentionResult),
        typeof(AxisKind),
        typeof(BinaryFunction),
        typeof(BufferKind),
        typeof(CollectiveAlgorithm),
        typeof(ElementType),
        typeof(Engine),
        typeof(Group),
        typeof(HostData),
        typeof(MatMulResult),
        typeof(NormSumKind),
        typeof(OffsetKind),
        typeof(ReduceOperation),
        typeof(RopePairing),
        typeof(RouteScoring),
        typeof(RowSource),
        typeof(ScaleGranularity),
        typeof(Space),
        typeof(Symbol),
        typeof(UnaryFunction),
    ];

    [Fact]
    public void Opcodes_OnlyGrow() =>
        OnlyGrows(
            "tests/Golden/opcodes.txt",
            InstructionTable.All.Select(r =>
                $"{r.Code} {r.Mnemonic} {string.Join(' ', r.Operands.Select(o => $"{o.Name}:{o.Kind}"))}".TrimEnd()
            )
        );

    [Fact]
    public void Enumerations_OnlyGrow() =>
        OnlyGrows(
            "tests/Golden/enumerations.txt",
            OnDisk.SelectMany(t => Enum.GetValues(t).Cast<object>().Select(v => $"{t.Name}.{v} {Convert.ToInt32(v)}"))
        );

    [Fact]
    public void Enumerations_OfTheTable_AreInTheList() =>
        Assert.All(
            InstructionTable.All.SelectMany(r => r.Operands).Where(o => o.Enumeration is not null),
            o => Assert.Contains(o.Enumeration, OnDisk)
        );

    private static void OnlyGrows(string path, IEnumerable<string> now)
    {
        string file = SharedData.InRepository(path);
        string[] golden = File.Exists(file) ? File.ReadAllLines(file) : [];
        string[] current = [.. now];
        string[] lost = [.. golden.Except(current)];
        string[] added = [.. current.Except(golden)];
        Assert.True(lost.Length == 0, $"{path}: these are on disk and cannot change: {string.Join("; ", lost)}");
        Assert.True(added.Length == 0, $"{path}: add these lines: {string.Join("\n", added)}");
    }
}
