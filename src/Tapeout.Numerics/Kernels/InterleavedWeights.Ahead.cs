using System.Runtime.Intrinsics.X86;

namespace Tapeout.Numerics.Kernels;

/// <content>Weights asked for before they are needed.</content>
public sealed unsafe partial class InterleavedWeights
{
    private const int CacheLine = 64;

    /// <summary>Bytes of codes of a piece: a few hundred nanoseconds of one thread.</summary>
    private const int PieceBytes = 4 << 10;

    /// <summary>
    /// Asks for a piece of the weights, so that it comes from memory into a cache. Pieces are dealt out to the parts that threads multiply, each part's from its
    /// start on.
    /// </summary>
    /// <param name="piece">Which piece, from 0.</param>
    /// <param name="groupsPerPart">Groups of rows that a thread multiplies.</param>
    /// <returns>False if there is no such piece, or no instruction that asks for memory.</returns>
    public bool FetchAhead(int piece, int groupsPerPart)
    {
        if (!Sse.IsSupported)
            return false;
        int parts = (Groups + groupsPerPart - 1) / groupsPerPart;
        int first = piece % parts * groupsPerPart;
        long start = (long)(piece / parts) * PieceBytes;
        long end = Math.Min(start + PieceBytes, Math.Min(groupsPerPart, Groups - first) * _groupBytes);
        // The first part is the longest.
        if (start >= groupsPerPart * _groupBytes)
            return false;
        Fetch(_codes + first * _groupBytes, start, end);
        if (Rule.Kind == ProductKind.FloatFold)
            return true;
        // Of scales and minima what goes with those codes.
        long scaleBytes = (long)_parameterGroups * GroupRows * (_scaleType == ElementType.F32 ? 4 : 2);
        Fetch(_scales + first * scaleBytes, start * scaleBytes / _groupBytes, end * scaleBytes / _groupBytes);
        if (_minima != null)
            Fetch(_minima + first * scaleBytes, start * scaleBytes / _groupBytes, end * scaleBytes / _groupBytes);
        return true;
    }

    private static void Fetch(byte* plane, long start, long end)
    {
        for (long at = start; at < end; at += CacheLine)
            Sse.Prefetch1(plane + at);
    }
}
