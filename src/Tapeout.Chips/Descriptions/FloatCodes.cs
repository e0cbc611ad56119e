namespace Tapeout.Chips;

/// <summary>Whether a matrix unit multiplies floats of as many bits as a pair's integers: eight-bit floats (fp8) beside int8, four-bit floats (nvfp4, mxfp4) for int4.</summary>
public enum FloatCodes
{
    /// <summary>Integers and floats, both at the pair's rate.</summary>
    Too,

    /// <summary>Floats alone; integers of that width are not multiplied at this rate.</summary>
    Only,
}
