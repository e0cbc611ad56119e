using Tapeout.Isa;

namespace Tapeout.Machine.Reference;

/// <summary>The matrices of an operand's inner stack that an instruction reaches by itself: pages, leaves, nodes.</summary>
internal static class InnerMatrices
{
    /// <summary>What is added to the index of the inner stack, each once; 0 alone for operands that name their matrix.</summary>
    /// <param name="point">Who executes what.</param>
    /// <param name="operand">The name of the operand.</param>
    public static int[] Of(in ExecutionPoint point, string operand) =>
        point.Instance.Instruction switch
        {
            KvAppend when operand is nameof(KvAppend.Cache) => Pages(point.Step, fromStart: false),
            Attend when operand is nameof(Attend.Keys) or nameof(Attend.Values) => Pages(point.Step, fromStart: true),

            Merge merge when operand is nameof(Merge.Partials) => [.. Enumerable.Range(0, merge.Count)],
            Combine combine when operand is nameof(Combine.Leaves) => [.. Enumerable.Range(0, combine.Count)],
            PageCopy => [.. point.Step.PageCopies.SelectMany(copy => (int[])[copy.From, copy.To]).Distinct()],
            _ => [0],
        };

    /// <summary>The pages that hold positions of the step's sequences: all of them, or those with new ones.</summary>
    private static int[] Pages(Step step, bool fromStart) =>
        [
            .. step.Sequences.SelectMany(sequence =>
            {
                int first = fromStart ? 0 : sequence.Context / Envelope.PageSize;
                int end = (sequence.Context + sequence.NewTokens + Envelope.PageSize - 1) / Envelope.PageSize;
                return sequence.Pages[first..end];
            }),
        ];
}
