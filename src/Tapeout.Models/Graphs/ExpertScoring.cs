namespace Tapeout.Models.Graphs;

/// <summary>How router logits become the scores experts are chosen and weighted by.</summary>
public enum ExpertScoring
{
    /// <summary>Softmax over all experts, before the choice.</summary>
    Softmax,

    /// <summary>Sigmoid of each.</summary>
    Sigmoid,
}
