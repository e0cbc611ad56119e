namespace Tapeout.Isa;

/// <summary>A row of logits that is asked for.</summary>
/// <param name="Token">The token after which the next one is predicted.</param>
/// <param name="Sampler">How the next token is drawn.</param>
public sealed record LogitRow(int Token, Sampler Sampler);
