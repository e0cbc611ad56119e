using System.Globalization;
using Tapeout.Isa;
using Tapeout.Machine.Fast;
using Tapeout.Machine.Reference;

namespace Tapeout.Machine;

/// <summary>
/// Both machines in lock-step. Every instruction that a kernel executes is executed by its definition too, on the same memory, and compared bit for bit; after
/// each step the logits and tokens are compared with those of the reference machine on the tape as it was compiled, tile by tile.
/// </summary>
public sealed class ComparingMachine : IMachine
{
    private readonly FastMachine _fast;
    private readonly ReferenceMachine _reference;

    /// <summary>Opens both machines.</summary>
    /// <param name="tape">A verified tape.</param>
    /// <param name="constants">The quantised model that the tape was compiled for.</param>
    /// <param name="threads">Threads that execute; 0 for one a processor.</param>
    public ComparingMachine(Tape tape, IConstantSource constants, int threads = 0)
    {
        _fast = new(tape, constants, threads, compares: true);
        _reference = new(tape, constants) { Threads = _fast.Threads };
    }

    /// <inheritdoc/>
    public Tape Tape => _reference.Tape;

    /// <inheritdoc/>
    public StepOutput Output => _reference.Output;

    /// <inheritdoc/>
    public int Threads => _fast.Threads;

    /// <summary>Executions of instructions by a kernel that were compared with the definition.</summary>
    public long ComparedInstructions => _fast.ComparedInstructions;

    /// <inheritdoc/>
    /// <exception cref="MachineDifferenceException">A bit differs; the step is not finished.</exception>
    public void Execute(Step step)
    {
        _fast.Execute(step);
        // ROUTE has counted the step's experts; the second execution counts the same ones again.
        _reference.Execute(step);
        foreach ((int row, float[] expected) in _reference.Output.Logits)
        {
            ReadOnlySpan<float> made = _fast.Output.Logits[row];
            for (int i = 0; i < expected.Length; i++)
            {
                if (BitConverter.SingleToInt32Bits(made[i]) != BitConverter.SingleToInt32Bits(expected[i]))
                    throw new MachineDifferenceException($"logits row {row}, token {i}", Number(made[i]), Number(expected[i]));
            }
        }
        foreach ((int row, int id) in _reference.Output.TokenIds)
        {
            if (_fast.Output.TokenIds[row] != id)
                throw new MachineDifferenceException($"the token of logits row {row}", $"{_fast.Output.TokenIds[row]}", $"{id}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _fast.Dispose();
        _reference.Dispose();
    }

    private static string Number(float value) =>
        string.Create(CultureInfo.InvariantCulture, $"{value:R} (bits {BitConverter.SingleToInt32Bits(value):x8})");
}
