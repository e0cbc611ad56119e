using Tapeout.Isa;

namespace Tapeout.Machine.Reference;

/// <content>Control: resolved by the sequencer, or about time only.</content>
internal sealed partial class Semantics
{
    public Nothing Visit(Loop instruction) => default;

    public Nothing Visit(End instruction) => default;

    public Nothing Visit(Launch instruction) => default;

    public Nothing Visit(Isa.Barrier instruction) => default;

    public Nothing Visit(Halt instruction) => default;
}
