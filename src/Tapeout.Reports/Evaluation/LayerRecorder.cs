using Tapeout.Isa;
using Tapeout.Machine;
using Tapeout.Machine.Reference;

namespace Tapeout.Reports.Evaluation;

/// <summary>Keeps the residual stream after each layer, position by position, while the reference machine runs one sequence.</summary>
/// <param name="machine">The machine that it observes.</param>
public sealed class LayerRecorder(ReferenceMachine machine) : IExecutionObserver
{
    /// <summary>The name that the compiler gives the buffer of the residual stream.</summary>
    private const string Residual = "residual";

    private readonly SortedDictionary<int, SortedDictionary<int, float[]>> _layers = [];

    /// <summary>The stream after each layer: by layer, then by position.</summary>
    public IReadOnlyDictionary<int, SortedDictionary<int, float[]>> Layers => _layers;

    /// <summary>Forgets what has been kept.</summary>
    public void Clear() => _layers.Clear();

    /// <inheritdoc/>
    public void Executing(in ExecutionPoint point) { }

    /// <inheritdoc/>
    public void Executed(in ExecutionPoint point)
    {
        if (point.Layer < 0)
            return;
        foreach (int number in point.Instance.Instruction.Writes)
        {
            Descriptor descriptor = point.Role.Descriptors[number];
            TapeBuffer buffer = point.Role.Buffers[descriptor.Buffer];
            if (buffer.Name != Residual)
                continue;
            Region region = Region.Resolve(point.Role, descriptor, machine.Tape.Envelope.Bounds, point.Context);
            if (!region.IsEmpty)
                Keep(point, region, buffer.Columns.Total.Evaluate(machine.Tape.Envelope.Bounds), machine.ReadFloats(point, number));
        }
    }

    /// <summary>Later writes of a layer replace earlier ones: the last is what it hands on.</summary>
    private void Keep(in ExecutionPoint point, in Region region, int width, ReadOnlySpan<float> values)
    {
        if (!_layers.TryGetValue(point.Layer, out SortedDictionary<int, float[]>? positions))
            _layers[point.Layer] = positions = [];
        for (int row = 0; row < region.Rows.Count; row++)
        {
            int position = point.Step.Tokens[region.Rows.Start + row].Position;
            if (!positions.TryGetValue(position, out float[]? stream))
                positions[position] = stream = new float[width];
            values.Slice(row * region.Columns.Count, region.Columns.Count).CopyTo(stream.AsSpan(region.Columns.Start));
        }
    }
}
