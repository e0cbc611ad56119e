using Tapeout.Isa;
using Tapeout.Machine.Reference;
using Tapeout.Numerics;
using Tapeout.Numerics.Kernels;

namespace Tapeout.Machine.Fast;

/// <content>Mixtures of experts.</content>
internal sealed partial class RowKernels
{
    /// <summary>Experts that there is room for on a thread's stack; a router of more is left to the definition.</summary>
    private const int MostExperts = 4096;

    private int[] _counts = [];
    private int[] _places = [];

    private bool TryRoute(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point, Route instruction)
    {
        _first = memory.View(point, instruction.Logits); // f32 [T, E]
        _destination = memory.View(point, instruction.Gates); // f32 [T, k]
        _second = memory.View(point, instruction.Ids); // i32 [T, k]
        _third = memory.View(point, instruction.Permutation); // i32 [T · k, 1]
        if (_first.IsEmpty)
            return true;
        int k = instruction.Count;
        int experts = _first.Columns.Count;
        if (
            k < 1
            || k > experts
            || experts > MostExperts
            || _destination.Columns.Count != k
            || _second.Columns.Count != k
            || _destination.Rows.Count != _first.Rows.Count
            || _second.Rows.Count != _first.Rows.Count
            || _third.Rows.Count != _first.Rows.Count * k
        )
            return false;
        Run(point, static (kernels, i) => kernels.RouteRow((Route)kernels._point.Instance.Instruction, i), machine);
        Sort(point, k, experts);
        return true;
    }

    /// <summary>The experts of one token: scores and weights are vector code, and so is the search for the largest.</summary>
    private void RouteRow(Route instruction, int row)
    {
        ReadOnlySpan<float> x = Row(_first, row);
        Span<float> scores = stackalloc float[x.Length];
        if (instruction.Scoring == RouteScoring.SoftmaxThenTop)
            RowFunctions.Softmax(x, scores);
        else if (instruction.Scoring == RouteScoring.Sigmoid)
            RowFunctions.Sigmoid(x, scores);
        else
            x.CopyTo(scores);
        Span<float> left = stackalloc float[x.Length];
        scores.CopyTo(left);
        Span<float> gate = Row(_destination, row);
        Span<int> chosen = _second.Integers(_second.Rows.Start + row);
        for (int slot = 0; slot < chosen.Length; slot++)
        {
            int best = RowFunctions.IndexOfLargest(left);
            if (best < 0)
                best = BestOf(scores, chosen[..slot]);
            chosen[slot] = best;
            gate[slot] = scores[best];
            left[best] = float.NegativeInfinity;
        }
        if (instruction.Scoring == RouteScoring.TopThenSoftmax)
            RowFunctions.Softmax(gate, gate);
        if (instruction.Normalise)
        {
            float sum = gate[0];
            for (int slot = 1; slot < gate.Length; slot++)
                sum += gate[slot];
            for (int slot = 0; slot < gate.Length; slot++)
                gate[slot] /= sum;
        }
        RowFunctions.Scale(gate, gate, instruction.Scale);
    }

    /// <summary>Where a score is NaN, or those that are left are −∞: the first that nothing is larger than.</summary>
    private static int BestOf(ReadOnlySpan<float> scores, ReadOnlySpan<int> chosen)
    {
        int best = -1;
        for (int expert = 0; expert < scores.Length; expert++)
        {
            if (!chosen.Contains(expert) && (best < 0 || scores[expert] > scores[best]))
                best = expert;
        }
        return best;
    }

    /// <summary>Pairs sorted by expert, those of one expert in the order of tokens: counting, where each place follows from the one before.</summary>
    private void Sort(in ExecutionPoint point, int k, int experts)
    {
        if (_counts.Length < experts)
        {
            _counts = new int[experts];
            _places = new int[experts];
        }
        Span<int> counts = _counts.AsSpan(0, experts);
        Span<int> next = _places.AsSpan(0, experts);
        counts.Clear();
        for (int row = 0; row < _first.Rows.Count; row++)
        {
            foreach (int expert in _second.Integers(_second.Rows.Start + row))
                counts[expert]++;
        }
        next[0] = 0;
        for (int expert = 1; expert < experts; expert++)
            next[expert] = next[expert - 1] + counts[expert - 1];
        for (int row = 0; row < _first.Rows.Count; row++)
        {
            ReadOnlySpan<int> chosen = _second.Integers(_second.Rows.Start + row);
            for (int slot = 0; slot < chosen.Length; slot++)
                _third.Integers(_third.Rows.Start + next[chosen[slot]]++)[0] = (_first.Rows.Start + row) * k + slot;
        }
        point.Step.Counts.Set(point.Layer, counts);
    }

    private bool TryPermute(RoleMemory memory, in ExecutionPoint point, Permute instruction)
    {
        _first = memory.View(point, instruction.Source); // [T, C]
        _second = memory.View(point, instruction.Permutation); // i32 [T · k, 1]
        _destination = memory.View(point, instruction.Destination); // [T · k, C]
        if (_destination.IsEmpty)
            return true;
        if (
            _first.Format != _destination.Format
            || _first.Columns.Count != _destination.Columns.Count
            || !_second.Rows.Contains(_destination.Rows)
            || _destination.Format.Granularity == ScaleGranularity.Tensor
            || _first.Overlaps(_destination)
        )
            return false;
        for (int row = _destination.Rows.Start; row < _destination.Rows.End; row++)
        {
            int token = _second.Integers(row)[0] / instruction.Count;
            if (token < _first.Rows.Start || token >= _first.Rows.End)
                return false;
        }
        Run(
            point,
            static (k, i) =>
            {
                int row = k._destination.Rows.Start + i;
                int token = k._second.Integers(row)[0] / ((Permute)k._point.Instance.Instruction).Count;
                RowCopy.Copy(k._first, token, k._destination, row);
            }
        );
        return true;
    }

    private bool TryMix(ReferenceMachine machine, RoleMemory memory, in ExecutionPoint point, Mix instruction)
    {
        _first = memory.View(point, instruction.Source); // f32 [T · k, C] in the order by expert
        _second = memory.View(point, instruction.Permutation); // i32 [T · k, 1]
        _third = memory.View(point, instruction.Gates); // f32 [T, k]
        _destination = memory.View(point, instruction.Destination); // f32 [T, C]
        if (_destination.IsEmpty)
            return true;
        int k = instruction.Count;
        if (
            _first.Columns.Count != _destination.Columns.Count
            || _first.IsEmpty
            || !_third.Rows.Contains(_destination.Rows)
            || _third.Columns.Count != k
            || _first.Overlaps(_destination)
        )
            return false;
        int pairs = checked(_destination.Rows.End * k);
        if (_places.Length < pairs)
            _places = new int[pairs];
        Span<int> rowOfPair = _places.AsSpan(0, pairs);
        rowOfPair.Fill(-1);
        for (int row = _second.Rows.Start; row < _second.Rows.End; row++)
        {
            int pair = _second.Integers(row)[0];
            if ((uint)pair < (uint)pairs)
                rowOfPair[pair] = row;
        }
        foreach (int row in rowOfPair[(_destination.Rows.Start * k)..])
        {
            if (row < _first.Rows.Start || row >= _first.Rows.End)
                return false;
        }
        Run(
            point,
            static (kernels, i) =>
            {
                ReadOnlySpan<float> gate = kernels._third.Floats(kernels._destination.Rows.Start + i);
                Span<float> y = Row(kernels._destination, i);
                for (int slot = 0; slot < gate.Length; slot++)
                {
                    int row = kernels._places[(kernels._destination.Rows.Start + i) * gate.Length + slot];
                    RowFunctions.AddScaled(kernels._first.Floats(row), gate[slot], y, starts: slot == 0);
                }
            },
            machine
        );
        return true;
    }
}
