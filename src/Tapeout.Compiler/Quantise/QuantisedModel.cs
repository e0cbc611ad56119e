using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tapeout.Isa;
using Tapeout.Models;
using Tapeout.Models.Graphs;
using Tapeout.Numerics;
using Tapeout.Quantities;

namespace Tapeout.Compiler;

/// <summary>
/// A model whose numerics are fixed: the format of every tensor, hence every reduction plan. Tensors are packed anew whenever they are
/// asked for, and kept by whoever asks; a tensor that already has the format is repacked, any other is de-quantised and quantised.
/// </summary>
public sealed class QuantisedModel : IConstantSource
{
    private readonly Dictionary<string, (WeightTensor Weight, NumberFormat Format)> tensors = [];
    private readonly KeptTensors kept;
    private readonly Dictionary<string, PackedTensor> tables = [];

    /// <summary>Fixes the formats of a model's tensors.</summary>
    /// <param name="model">The model.</param>
    /// <param name="graph">Its graph.</param>
    /// <param name="recipe">The quantisation.</param>
    /// <param name="keep">Tensors that are left out, see <see cref="CompilationOptions.Keep"/>.</param>
    /// <exception cref="InvalidInputException">A name in <paramref name="keep"/> fits no tensor of the model.</exception>
    public QuantisedModel(Model model, ModelGraph graph, QuantisationRecipe recipe, IReadOnlyList<string> keep)
    {
        Model = model;
        Recipe = recipe;
        kept = new(model.Name, graph, keep);
        List<string> notes = [];
        foreach (GraphNode node in graph.Nodes)
        {
            foreach (WeightReference reference in node.Weights)
                Fix(model.Weights[reference.Name], node is NormNode, notes);
            if (node is RopeNode rope && !tables.ContainsKey(RopeTable(rope)))
                tables.Add(RopeTable(rope), Phases(rope));
        }
        Notes = [.. notes.GroupBy(n => n).Select(g => g.Count() == 1 ? g.Key : $"{g.Count()} tensors: {g.Key}")];
        Hash = ComputeHash();
    }

    /// <summary>The model.</summary>
    public Model Model { get; }

    /// <summary>The quantisation.</summary>
    public QuantisationRecipe Recipe { get; }

    /// <summary>What a report should say about formats.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>SHA-256, in hex, of the model's own hash (a shape: its name) and the format of every tensor.</summary>
    public string Hash { get; }

    /// <summary>The hash, and the code that reads, quantises and packs: other code may make other bits of the same file.</summary>
    string IConstantSource.Hash =>
        string.Join(
            '-',
            [Hash, .. new[] { typeof(TensorCodec), typeof(Model), typeof(QuantisedModel) }.Select(t => t.Module.ModuleVersionId)]
        );

    /// <summary>The format of a tensor.</summary>
    public NumberFormat FormatOf(string tensor) => tensors[tensor].Format;

    /// <summary>The format of the activations that meet a tensor.</summary>
    public NumberFormat ActivationOf(string tensor) =>
        kept.Contains(tensor) ? NumberFormat.F32 : Recipe.ActivationFor(tensors[tensor].Format);

    /// <summary>The name of the table of phase steps of a rotary embedding.</summary>
    public static string RopeTable(RopeNode rope) =>
        $"rope.phases.{rope.Dimensions}.{rope.Base.ToString("R", CultureInfo.InvariantCulture)}";

    /// <inheritdoc/>
    public PackedTensor Tensor(string name, int index) => tables.TryGetValue(name, out PackedTensor? table) ? table : Pack(name, index);

    /// <summary>One line per tensor.</summary>
    public string Dump()
    {
        StringBuilder text = new($"quantise {Model.Name} {Recipe.Name} kv={Recipe.Kv}\n");
        foreach ((string name, (WeightTensor weight, NumberFormat format)) in tensors)
        {
            NumberFormat activation = ActivationOf(name);
            string plan = ProductRule.TryFor(format, activation, weight.Columns, out ProductRule rule)
                ? $"{rule.Kind} block={rule.Plan.Block} blocks={rule.Plan.Blocks} leaves={rule.Plan.Leaves}"
                : "no product";
            text.Append($"  {name} [{weight.Rows}, {weight.Columns}] {weight.StorageType} -> {format} × {activation} {plan}\n");
        }
        return text.ToString();
    }

    private void Fix(WeightTensor weight, bool isNorm, List<string> notes)
    {
        if (tensors.ContainsKey(weight.Name))
            return;
        NumberFormat format = NumberFormat.F32;
        bool isOfFile = weight.HasData && !weight.IsRandom;
        if (kept.Contains(weight.Name))
        {
            format = weight.NativeFormat ?? NumberFormat.F32;
        }
        else if (!isNorm)
        {
            if (Recipe.Weight is { } wanted)
            {
                format = wanted;
                if (isOfFile && weight.NativeFormat is null or { IsQuantised: true })
                    notes.Add($"{weight.StorageType} is de-quantised and quantised to {format}");
            }
            else if (weight.NativeFormat is { } native)
            {
                format = native;
            }
            else
            {
                format = isOfFile ? NumberFormat.Int8Group(32) : NumberFormat.Int4Group(32, OffsetKind.None, ElementType.F16);
                if (isOfFile)
                    notes.Add($"{weight.StorageType} is no format that chips multiply: de-quantised and quantised to {format}");
            }
        }
        tensors.Add(weight.Name, (weight, format));
    }

    private PackedTensor Pack(string name, int index)
    {
        if (!tensors.TryGetValue(name, out (WeightTensor Weight, NumberFormat Format) entry) || (uint)index >= (uint)entry.Weight.Count)
            throw new InvalidInputException(
                $"The tape names tensor '{name}' [{index}], which '{Model.Name}' does not have: compile the model again."
            );
        WeightTensor weight = entry.Weight.Slice(index);
        PackedTensor made = Pack(weight, entry.Format);
        weight.Release();
        return made;
    }

    private static PackedTensor Pack(WeightTensor weight, NumberFormat format)
    {
        TensorLayout layout = new(format, weight.Rows, weight.Columns);
        byte[] bytes = new byte[layout.Bytes];
        if (weight.NativeFormat == format)
        {
            weight.Repack(0, weight.Rows, bytes);
            if (!TensorCodec.AreFinite(layout, bytes))
                CheckFinite(weight);
            return new(format, weight.Rows, weight.Columns, bytes);
        }
        if (format.Granularity == ScaleGranularity.Tensor)
        {
            float[] all = new float[weight.Rows * weight.Columns];
            weight.Dequantise(0, weight.Rows, all);
            Refuse(weight, () => TensorCodec.Quantise(format, all, weight.Rows, weight.Columns, bytes));
            CheckFinite(weight, all, 0);
            return new(format, weight.Rows, weight.Columns, bytes);
        }
        float[] row = new float[weight.Columns];
        for (int r = 0; r < weight.Rows; r++)
        {
            weight.Dequantise(r, 1, row);
            CheckFinite(weight, row, r);
            TensorCodec.QuantiseRow(layout, row, bytes, r);
        }
        return new(format, weight.Rows, weight.Columns, bytes);
    }

    private static void Refuse(WeightTensor weight, Action quantise)
    {
        try
        {
            quantise();
        }
        catch (NonFiniteValueException)
        {
            throw new InvalidInputException(
                $"Tensor '{weight.Name}' holds a value that is not a number or infinite: the file is damaged, fetch it again."
            );
        }
    }

    private static void CheckFinite(WeightTensor weight)
    {
        float[] row = new float[weight.Columns];
        for (int r = 0; r < weight.Rows; r++)
        {
            weight.Dequantise(r, 1, row);
            CheckFinite(weight, row, r);
        }
    }

    private static void CheckFinite(WeightTensor weight, ReadOnlySpan<float> values, int row)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
            {
                throw new InvalidInputException(
                    $"Tensor '{weight.Name}' holds {values[i]} at row {row}, column {i}: a weight must be a finite number; the file is damaged or the training diverged, fetch it again."
                );
            }
        }
    }

    private static PackedTensor Phases(RopeNode rope)
    {
        int pairs = rope.Dimensions / 2;
        byte[] bytes = new byte[new TensorLayout(NumberFormat.I32, 1, rope.Dimensions).Bytes];
        for (int i = 0; i < pairs; i++)
        {
            ulong step = DeterministicMath.TurnsStep(rope.Base, i, rope.Dimensions);
            if (rope.FrequencyFactors is { } factors)
                step = (ulong)(step / (double)factors[i]);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8 * i), step);
        }
        return new(NumberFormat.I32, 1, rope.Dimensions, bytes);
    }

    private string ComputeHash()
    {
        StringBuilder text = new();
        text.Append(Model.IsShapeOnly ? Model.Name : Model.Hash)
            .Append('\n')
            .Append(Recipe.Activation)
            .Append(' ')
            .Append(Recipe.Kv)
            .Append('\n');
        foreach ((string name, (WeightTensor _, NumberFormat format)) in tensors.OrderBy(t => t.Key, StringComparer.Ordinal))
            text.Append(name).Append(' ').Append(format).Append(kept.Contains(name) ? " kept\n" : "\n");
        foreach ((string name, PackedTensor table) in tables.OrderBy(t => t.Key, StringComparer.Ordinal))
            text.Append(name).Append(' ').Append(Convert.ToHexString(table.Bytes.Span)).Append('\n');
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
