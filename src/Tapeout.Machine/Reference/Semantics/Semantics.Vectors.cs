using Tapeout.Isa;
using Tapeout.Numerics;

namespace Tapeout.Machine.Reference;

/// <content>Functions of rows and elements.</content>
internal sealed partial class Semantics
{
    public Nothing Visit(AbsMax instruction)
    {
        MatrixView source = View(instruction.Source); // f32 [T, C]
        MatrixView destination = View(instruction.Destination); // f32 [T, 1]
        for (int i = 0; i < destination.Rows.Count; i++)
        {
            float largest = 0;
            if (source.Columns.Count > 0)
            {
                foreach (float value in source.Floats(source.Rows.Start + i))
                    largest = MathF.Abs(value) > largest ? MathF.Abs(value) : largest;
            }
            destination.Floats(destination.Rows.Start + i)[0] = largest;
        }
        return default;
    }

    public unsafe Nothing Visit(Quantise instruction)
    {
        MatrixView source = View(instruction.Source); // f32 [T, C]
        MatrixView destination = View(instruction.Destination); // [T, C]
        if (destination.IsEmpty)
            return default;
        RequireShape(source, destination);
        int columns = source.Columns.Count;
        bool given = instruction.AbsoluteMaximum >= 0;
        MatrixView maximum = given ? View(instruction.AbsoluteMaximum) : default; // f32 [T, 1]
        // The row's maximum is quantised with the row, as one value more: so it takes part in the scale by the quantiser's own rule.
        TensorLayout layout = new(destination.Format, 1, given ? columns + 1 : columns);
        float[] values = new float[layout.Columns];
        byte[] packed = new byte[layout.Bytes];
        for (int i = 0; i < source.Rows.Count; i++)
        {
            source.Floats(source.Rows.Start + i).CopyTo(values);
            if (given)
                values[columns] = maximum.Floats(maximum.Rows.Start + i)[0];
            TensorCodec.QuantiseRow(layout, values, packed, 0);
            fixed (byte* bytes = packed)
            {
                MatrixView row = MatrixView.Over(layout, bytes).At(new(0, 1), new(0, columns));
                MatrixView.CopyRow(row, 0, destination, destination.Rows.Start + i);
            }
        }
        return default;
    }

    public Nothing Visit(Dequantise instruction)
    {
        MatrixView source = View(instruction.Source); // [R, C]
        MatrixView destination = View(instruction.Destination); // f32 [R, C]
        if (destination.IsEmpty)
            return default;
        RequireShape(source, destination);
        for (int i = 0; i < source.Rows.Count; i++)
            source.Dequantise(source.Rows.Start + i, destination.Floats(destination.Rows.Start + i));
        return default;
    }

    public Nothing Visit(Unary instruction)
    {
        MatrixView source = View(instruction.Source); // f32 [T, C]
        MatrixView destination = View(instruction.Destination); // f32 [T, C]
        if (destination.IsEmpty)
            return default;
        RequireShape(source, destination);
        float p = instruction.Parameter;
        for (int i = 0; i < source.Rows.Count; i++)
        {
            ReadOnlySpan<float> x = source.Floats(source.Rows.Start + i);
            Span<float> y = destination.Floats(destination.Rows.Start + i);
            for (int c = 0; c < y.Length; c++)
            {
                y[c] = instruction.Function switch
                {
                    UnaryFunction.Silu => Elementary.Silu(x[c]),
                    UnaryFunction.GeluTanh => Elementary.GeluTanh(x[c]),
                    UnaryFunction.GeluErf => Elementary.GeluErf(x[c]),
                    UnaryFunction.Relu => x[c] > 0 ? x[c] : 0f,
                    UnaryFunction.Scale => x[c] * p,
                    UnaryFunction.Softcap => Elementary.Softcap(x[c], p),
                    _ => throw Fault($"there is no function {instruction.Function}"),
                };
            }
        }
        return default;
    }

    public Nothing Visit(Binary instruction)
    {
        MatrixView left = View(instruction.Left); // f32 [T, C]
        MatrixView right = View(instruction.Right); // f32 [T, C]
        MatrixView destination = View(instruction.Destination); // f32 [T, C]
        if (destination.IsEmpty)
            return default;
        RequireShape(left, destination);
        RequireShape(right, destination);
        for (int i = 0; i < destination.Rows.Count; i++)
        {
            ReadOnlySpan<float> x = left.Floats(left.Rows.Start + i);
            ReadOnlySpan<float> y = right.Floats(right.Rows.Start + i);
            Span<float> z = destination.Floats(destination.Rows.Start + i);
            for (int c = 0; c < z.Length; c++)
            {
                z[c] = instruction.Function switch
                {
                    BinaryFunction.Add => x[c] + y[c],
                    BinaryFunction.Multiply => x[c] * y[c],
                    BinaryFunction.SiluMultiply => Elementary.Silu(x[c]) * y[c],
                    BinaryFunction.GeluTanhMultiply => Elementary.GeluTanh(x[c]) * y[c],
                    BinaryFunction.GeluErfMultiply => Elementary.GeluErf(x[c]) * y[c],
                    BinaryFunction.ReluMultiply => (x[c] > 0 ? x[c] : 0f) * y[c],
                    _ => throw Fault($"there is no function {instruction.Function}"),
                };
            }
        }
        RequireFinite(destination);
        return default;
    }

    public Nothing Visit(NormSum instruction)
    {
        MatrixView source = View(instruction.Source); // f32 [T, C], C whole
        MatrixView destination = View(instruction.Destination); // f32 [T, 1]
        if (destination.IsEmpty)
            return default;
        ReductionPlan plan = new(source.Columns.Count, ReductionPlan.DefaultBlock);
        for (int i = 0; i < source.Rows.Count; i++)
        {
            ReadOnlySpan<float> x = source.Floats(source.Rows.Start + i);
            destination.Floats(destination.Rows.Start + i)[0] =
                instruction.Kind == NormSumKind.SumOfSquares ? Sums.SumOfSquares(x, plan) : Sums.Sum(x, plan);
        }
        return default;
    }

    public Nothing Visit(Norm instruction)
    {
        MatrixView source = View(instruction.Source); // f32 [T, C]
        MatrixView sums = View(instruction.Sums); // f32 [T, 1]
        MatrixView gammas = View(instruction.Gamma); // f32 [1, C]
        MatrixView destination = View(instruction.Destination); // f32 [T, C]
        if (destination.IsEmpty)
            return default;
        RequireShape(source, destination);
        ReadOnlySpan<float> gamma = gammas.Floats(gammas.Rows.Start);
        for (int i = 0; i < source.Rows.Count; i++)
        {
            ReadOnlySpan<float> x = source.Floats(source.Rows.Start + i);
            Span<float> y = destination.Floats(destination.Rows.Start + i);
            float mean = sums.Floats(sums.Rows.Start + i)[0] / instruction.Width;
            float factor = Elementary.ReciprocalSquareRoot(mean + instruction.Epsilon);
            for (int c = 0; c < y.Length; c++)
                y[c] = x[c] * factor * gamma[c];
        }
        RequireFinite(destination);
        return default;
    }

    public Nothing Visit(Rotate instruction)
    {
        MatrixView source = View(instruction.Source); // f32 [T, heads · d]
        MatrixView destination = View(instruction.Destination); // f32 [T, heads · d]
        MatrixView phases = View(instruction.Phases); // i32 [1, rotary dimensions]
        if (destination.IsEmpty)
            return default;
        RequireShape(source, destination);
        int d = instruction.HeadDimension;
        int pairs = instruction.RotaryDimensions / 2;
        bool interleaved = instruction.Pairing == RopePairing.Interleaved;
        ReadOnlySpan<int> words = phases.Integers(phases.Rows.Start);
        float[] cosines = new float[pairs];
        float[] sines = new float[pairs];
        for (int i = 0; i < source.Rows.Count; i++)
        {
            ulong position = (ulong)Step.Tokens[source.Rows.Start + i].Position;
            for (int pair = 0; pair < pairs; pair++)
            {
                unchecked
                {
                    ulong step = (uint)words[2 * pair] | (ulong)(uint)words[2 * pair + 1] << 32;
                    ulong angle = position * step; // a fraction of a turn: whole turns drop out
                    cosines[pair] = Elementary.Cosine(angle);
                    sines[pair] = Elementary.Sine(angle);
                }
            }
            Span<float> y = destination.Floats(destination.Rows.Start + i);
            source.Floats(source.Rows.Start + i).CopyTo(y);
            for (int head = 0; head < y.Length; head += d)
            {
                for (int pair = 0; pair < pairs; pair++)
                {
                    int first = head + (interleaved ? 2 * pair : pair);
                    int second = interleaved ? first + 1 : first + pairs;
                    float a = y[first];
                    float b = y[second];
                    y[first] = a * cosines[pair] - b * sines[pair];
                    y[second] = a * sines[pair] + b * cosines[pair];
                }
            }
        }
        return default;
    }

    public Nothing Visit(Softmax instruction)
    {
        MatrixView source = View(instruction.Source); // f32 [T, C], C whole
        MatrixView destination = View(instruction.Destination); // f32 [T, C]
        if (destination.IsEmpty)
            return default;
        RequireShape(source, destination);
        for (int i = 0; i < source.Rows.Count; i++)
            SoftmaxOf(source.Floats(source.Rows.Start + i), destination.Floats(destination.Rows.Start + i));
        return default;
    }

    public Nothing Visit(TopK instruction)
    {
        MatrixView source = View(instruction.Source); // f32 [R, C]
        MatrixView values = View(instruction.Values); // f32 [R, ≤ Count]
        MatrixView ids = View(instruction.Ids); // i32 [R, ≤ Count]
        if (values.IsEmpty)
            return default;
        RequireShape(values, ids);
        for (int i = 0; i < values.Rows.Count; i++)
        {
            Span<float> bestValues = values.Floats(values.Rows.Start + i);
            Span<int> bestIds = ids.Integers(ids.Rows.Start + i);
            bestValues.Fill(float.NegativeInfinity);
            bestIds.Fill(int.MaxValue);
            int count = Math.Min(instruction.Count, bestIds.Length);
            ReadOnlySpan<float> x = source.IsEmpty ? [] : source.Floats(source.Rows.Start + i);
            int held = 0;
            for (int c = 0; c < x.Length; c++)
            {
                if (held == count && !(x[c] > bestValues[count - 1]))
                    continue;
                // Columns come in rising order, so a tie goes behind those that are there.
                int place = held < count ? held++ : count - 1;
                for (; place > 0 && x[c] > bestValues[place - 1]; place--)
                {
                    bestValues[place] = bestValues[place - 1];
                    bestIds[place] = bestIds[place - 1];
                }
                bestValues[place] = x[c];
                bestIds[place] = source.Columns.Start + c;
            }
        }
        return default;
    }

    public Nothing Visit(Sample instruction)
    {
        MatrixView values = View(instruction.Values); // f32 [R, n]
        MatrixView ids = View(instruction.Ids); // i32 [R, n]
        MatrixView destination = View(instruction.Destination); // i32 [R, 1]
        if (destination.IsEmpty)
            return default;
        RequireShape(values, ids);
        for (int i = 0; i < destination.Rows.Count; i++)
        {
            LogitRow row = Step.LogitRows[destination.Rows.Start + i];
            ReadOnlySpan<float> scores = values.Floats(values.Rows.Start + i);
            ReadOnlySpan<int> candidates = ids.Integers(ids.Rows.Start + i);
            List<(float Score, int Id)> sorted = [];
            for (int c = 0; c < candidates.Length; c++)
            {
                if (candidates[c] != int.MaxValue)
                    sorted.Add((scores[c], candidates[c]));
            }
            if (sorted.Count == 0)
                throw Fault($"logits row {destination.Rows.Start + i} has no candidates");
            sorted.Sort((a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : a.Id.CompareTo(b.Id));
            // The draw belongs to the position that the new token will have.
            int position = Step.Tokens[row.Token].Position + 1;
            destination.Integers(destination.Rows.Start + i)[0] = Draw(sorted, row.Sampler, position);
        }
        return default;
    }

    /// <summary>One token from candidates sorted by (score, lowest id).</summary>
    private static int Draw(List<(float Score, int Id)> sorted, Sampler sampler, int position)
    {
        if (!(sampler.Temperature > 0))
            return sorted[0].Id;
        int count = sampler.TopK > 0 ? Math.Min(sampler.TopK, sorted.Count) : sorted.Count;
        float[] weights = new float[count];
        float total = 0;
        float largest = sorted[0].Score / sampler.Temperature;
        for (int c = 0; c < count; c++)
        {
            weights[c] = Elementary.Exp(sorted[c].Score / sampler.Temperature - largest);
            total += weights[c];
        }
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
                return sorted[c].Id;
        }
        return sorted[kept - 1].Id;
    }

    /// <summary>e = exp(x − max), y = e · reciprocal(Σ e), the sum in 16 lanes per leaf of the plan with block 32.</summary>
    private static void SoftmaxOf(ReadOnlySpan<float> x, Span<float> y)
    {
        float largest = float.NegativeInfinity;
        foreach (float value in x)
            largest = value > largest ? value : largest;
        for (int c = 0; c < y.Length; c++)
            y[c] = Elementary.Exp(x[c] - largest);
        float factor = Elementary.Reciprocal(Sums.Sum(y, new ReductionPlan(y.Length, ReductionPlan.DefaultBlock)));
        for (int c = 0; c < y.Length; c++)
            y[c] *= factor;
    }
}
