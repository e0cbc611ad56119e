using Tapeout.Chips;
using Tapeout.Isa;

namespace Tapeout.Timing;

/// <summary>Times single steps.</summary>
public static class StepTimer
{
    /// <summary>Times one step.</summary>
    /// <param name="tape">A verified tape.</param>
    /// <param name="chip">The chip it was compiled for.</param>
    /// <param name="step">Shapes: sequences with their context, and expert counts where they are known.</param>
    /// <param name="options">Software, order, what there is more of; none for the chip's own figures.</param>
    public static StepTime Time(Tape tape, ChipDescription chip, Step step, TimingOptions? options = null) =>
        Timeline.Of(tape, chip, step, options).Summary();
}
