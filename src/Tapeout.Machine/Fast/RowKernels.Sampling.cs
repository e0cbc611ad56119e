using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Machine.Fast;

/// <content>From logits to tokens.</content>
internal sealed partial class RowKernels
{
    private float[] _candidates = [];
    private float[] _weights = [];
    private int[] _ids = [];

    private bool TryTopK(RoleMemory memory, in ExecutionPoint point, TopK instruction)
    {
        _first = memory.View(point, instruction.Source); // f32 [R, C]
        _destination = memory.View(point, instruction.Values); // f32 [R, ≤ Count]
        _second = memory.View(point, instruction.Ids); // i32 [R, ≤ Count]
        if (_destination.IsEmpty)
            return true;
        if (
            _first.Rows.Count != _destination.Rows.Count
            || !SameShape(_second, _destination)
            || Math.Min(instruction.Count, _second.Columns.Count) < 1
        )
            return false;
        Run(
            point,
            static (k, i) =>
            {
                Span<int> ids = k._second.Integers(k._second.Rows.Start + i);
                int count = Math.Min(((TopK)k._point.Instance.Instruction).Count, ids.Length);
                ReadOnlySpan<float> x = k._first.IsEmpty ? [] : Row(k._first, i);
                Candidates.Largest(x, k._first.Columns.Start, count, Row(k._destination, i), ids);
            }
        );
        return true;
    }

    private bool TrySample(RoleMemory memory, in ExecutionPoint point, Sample instruction)
    {
        MatrixView values = memory.View(point, instruction.Values); // f32 [R, n]
        MatrixView ids = memory.View(point, instruction.Ids); // i32 [R, n]
        MatrixView destination = memory.View(point, instruction.Destination); // i32 [R, 1]
        if (destination.IsEmpty)
            return true;
        if (!SameShape(values, ids) || values.Rows.Count != destination.Rows.Count || values.Format != NumberFormat.F32)
            return false;
        for (int i = 0; i < destination.Rows.Count; i++)
        {
            LogitRow row = point.Step.LogitRows[destination.Rows.Start + i];
            ReadOnlySpan<float> scores = values.Floats(values.Rows.Start + i);
            ReadOnlySpan<int> numbers = ids.Integers(ids.Rows.Start + i);
            // The draw belongs to the position that the new token will have.
            int drawn =
                row.Sampler.Temperature > 0
                    ? Draw(scores, numbers, row.Sampler, point.Step.Tokens[row.Token].Position + 1)
                    : Candidates.Best(scores, numbers);
            // No candidates, or NaN among them, whose order the definition knows.
            if (drawn is < 0 or int.MaxValue)
                return false;
            destination.Integers(destination.Rows.Start + i)[0] = drawn;
        }
        return true;
    }

    /// <summary>One token; −1 if there is no candidate, or NaN among them.</summary>
    private int Draw(ReadOnlySpan<float> scores, ReadOnlySpan<int> numbers, Sampler sampler, int position)
    {
        if (_candidates.Length < scores.Length)
        {
            _candidates = new float[scores.Length];
            _weights = new float[scores.Length];
            _ids = new int[scores.Length];
        }
        scores.CopyTo(_candidates);
        numbers.CopyTo(_ids);
        int held = Candidates.Sort(_candidates.AsSpan(0, scores.Length), _ids.AsSpan(0, scores.Length));
        if (held <= 0)
            return -1;
        int count = sampler.TopK > 0 ? Math.Min(sampler.TopK, held) : held;
        Span<float> weights = _weights.AsSpan(0, count);
        Candidates.Weights(_candidates.AsSpan(0, count), sampler.Temperature, _candidates[0] / sampler.Temperature, weights);
        // The sums are taken candidate by candidate: each rounds what the one before it left.
        float total = 0;
        foreach (float weight in weights)
            total += weight;
        // Top-p: the smallest leading set whose weight reaches p of the total; the first candidate always stays.
        int kept = 0;
        float sum = 0;
        while (kept < count && (kept == 0 || sum < sampler.TopP * total))
            sum += weights[kept++];
        float target = CounterRandom.Uniform(sampler.Seed, sampler.Request, (uint)position, 0) * sum;
        float passed = 0;
        for (int c = 0; c < kept; c++)
        {
            passed += weights[c];
            if (target < passed)
                return _ids[c];
        }
        return _ids[kept - 1];
    }
}
