namespace Tapeout.Isa;

/// <summary>How router logits become gates. The values reach disk: the list only grows.</summary>
public enum RouteScoring : byte
{
    /// <summary>Softmax over all experts, then the top k.</summary>
    SoftmaxThenTop = 0,

    /// <summary>The top k, then a softmax over them.</summary>
    TopThenSoftmax = 1,

    /// <summary>A sigmoid of each logit, then the top k.</summary>
    Sigmoid = 2,
}
