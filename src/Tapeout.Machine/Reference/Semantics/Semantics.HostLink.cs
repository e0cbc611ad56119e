using Tapeout.Isa;

namespace Tapeout.Machine.Reference;

/// <content>The host link.</content>
internal sealed partial class Semantics
{
    public Nothing Visit(HostOut instruction)
    {
        MatrixView source = View(instruction.Source); // f32 [logits rows, C] or i32 [logits rows, 1]
        if (source.IsEmpty)
            return default;
        int vocabulary = point.Role.Descriptors[instruction.Source].Columns.Total.Evaluate(Step.Sizes);
        for (int row = source.Rows.Start; row < source.Rows.End; row++)
        {
            if (instruction.Data == HostData.Logits)
                machine.Output.SetLogits(row, vocabulary, source.Columns.Start, source.Floats(row));
            else
                machine.Output.SetTokenId(row, source.Integers(row)[0]);
        }
        return default;
    }

    public Nothing Visit(HostIn instruction)
    {
        MatrixView destination = View(instruction.Destination); // i32 [tokens, 1]
        if (destination.IsEmpty)
            return default;
        for (int row = destination.Rows.Start; row < destination.Rows.End; row++)
            destination.Integers(row)[0] = Step.Tokens[row].Id;
        return default;
    }
}
