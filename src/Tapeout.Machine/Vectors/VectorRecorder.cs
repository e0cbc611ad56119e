using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;

namespace Tapeout.Machine.Vectors;

/// <summary>
/// Records the operands and results of chosen instructions while the reference machine executes. Executions that touch nothing at their
/// tile are left out.
/// </summary>
/// <param name="machine">The machine that it observes.</param>
/// <param name="selection">What is recorded.</param>
/// <param name="most">Most vectors to keep; the others are only counted.</param>
public sealed class VectorRecorder(ReferenceMachine machine, VectorSelection selection, int most) : IExecutionObserver
{
    private readonly List<InstructionVector> _vectors = [];
    private List<OperandVector> _operands = [];
    private Step? _step;
    private int _stepNumber = -1;

    /// <summary>The recorded vectors, in the order of execution.</summary>
    public IReadOnlyList<InstructionVector> Vectors => _vectors;

    /// <summary>Executions that matched the selection beyond the most that are kept.</summary>
    public int Omitted { get; private set; }

    /// <inheritdoc/>
    public void Executing(in ExecutionPoint point)
    {
        if (!ReferenceEquals(_step, point.Step))
        {
            _step = point.Step;
            _stepNumber++;
        }
        _operands = [];
        if (selection.Matches(_stepNumber, point) && _vectors.Count < most)
            Read(point, isResult: false);
    }

    /// <inheritdoc/>
    public void Executed(in ExecutionPoint point)
    {
        if (!selection.Matches(_stepNumber, point))
            return;
        if (_vectors.Count == most)
        {
            Omitted += Touches(point) ? 1 : 0;
            return;
        }
        Read(point, isResult: true);
        if (_operands.Count > 0)
            _vectors.Add(new(_stepNumber, point, _operands));
    }

    private bool Touches(in ExecutionPoint point)
    {
        Instruction instruction = point.Instance.Instruction;
        foreach (int number in instruction.Reads.Concat(instruction.Writes))
        {
            if (!Resolve(point, number).IsEmpty)
                return true;
        }
        return false;
    }

    private Region Resolve(in ExecutionPoint point, int descriptor) =>
        Region.Resolve(point.Role, point.Role.Descriptors[descriptor], machine.Tape.Envelope.Bounds, point.Context);

    private void Read(in ExecutionPoint point, bool isResult)
    {
        Instruction instruction = point.Instance.Instruction;
        IReadOnlyList<OperandDefinition> definitions = instruction.Definition.Operands;
        for (int i = 0; i < definitions.Count; i++)
        {
            OperandKind kind = definitions[i].Kind;
            int number = instruction.Operands[i].Word0;
            bool isMeant = isResult
                ? kind is OperandKind.Write or OperandKind.ReadWrite
                : kind is OperandKind.Read or OperandKind.OptionalRead or OperandKind.ReadWrite;
            if (!isMeant || number < 0)
                continue;
            Region region = Resolve(point, number);
            if (region.IsEmpty)
                continue;
            foreach (int inner in InnerMatrices.Of(point, definitions[i].Name))
            {
                (TensorLayout layout, byte[] bytes) = machine.ReadRegion(point, number, inner);
                _operands.Add(new(definitions[i].Name, isResult, region.Buffer.Name, inner, region.Rows, region.Columns, layout, bytes));
            }
        }
    }
}
