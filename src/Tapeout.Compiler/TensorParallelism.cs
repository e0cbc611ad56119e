namespace Tapeout.Compiler;

/// <summary>How a matrix product whose inputs are spread over chips is put together. Both give the same bits.</summary>
public enum TensorParallelism
{
    /// <summary>Activations travel: every product has its whole sum on one chip.</summary>
    Gather,

    /// <summary>Partial sums travel along nodes of the reduction plan, where the plan can be split over the chips; elsewhere as Gather.</summary>
    Reduce,
}
