using System.Runtime.Intrinsics;
using Tapeout.Numerics.Kernels.Emitted;

namespace Tapeout.Numerics.Kernels;

/// <content>The sums over a block by machine code written at start-up, for up to twelve queries at once, of several tokens too.</content>
public sealed unsafe partial class AttentionBlock
{
    private const int MostInTile = 12;

    private const int ScoreCode = 0;
    private const int FreshCode = 1;
    private const int LaterCode = 2;

    // By purpose, element (three), vectors (1, 2, 4) and queries.
    private readonly nint[] _tileCode = new nint[3 * 3 * 3 * (MostInTile + 1)];

    private void AttendTiles(
        float* queries,
        int perToken,
        ReadOnlySpan<(int From, int To)> seen,
        float scale,
        float softcap,
        float* nodes,
        nint stride
    )
    {
        float* scores = stackalloc float[MostInTile * Positions + Width];
        scores = (float*)(((nint)scores + 63) & ~63);
        int all = perToken * seen.Length;
        for (int first = 0; first < all; first += MostInTile)
        {
            int count = Math.Min(MostInTile, all - first);
            // What all see, and what any sees.
            (int From, int To) common = (0, Positions - 1);
            (int From, int To) any = (Positions, -1);
            bool sameStart = true;
            for (int token = first / perToken; token * perToken < first + count; token++)
            {
                (int from, int to) = seen[token];
                if (from > to)
                    continue;
                sameStart &= any.To < 0 || from == any.From;
                common = (Math.Max(common.From, from), Math.Min(common.To, to));
                any = (Math.Min(any.From, from), Math.Max(any.To, to));
            }
            float* tile = nodes + first * stride;
            if (any.To >= 0)
            {
                ScoreTile(queries + (nint)first * HeadDimension, count, any.From, any.To, scores);
                Ask(LinesPerStep);
                for (int i = 0; i < count; i++)
                {
                    (int from, int to) = seen[(first + i) / perToken];
                    Ask(LinesPerStep);
                    if (from <= to)
                        tile[i * stride + _padded + 1] = Weigh(
                            scores + i * Positions,
                            from,
                            to,
                            scale,
                            softcap,
                            out tile[i * stride + _padded]
                        );
                }
                if (sameStart)
                    GatherTile(scores, count, common.From, common.To, tile, stride, FreshCode);
            }
            for (int i = 0; i < count; )
            {
                int token = (first + i) / perToken;
                int own = Math.Min(count - i, (token + 1) * perToken - first - i);
                (int from, int to) = seen[token];
                if (from > to)
                {
                    for (int j = 0; j < own; j++)
                        Clear(tile + (i + j) * stride);
                }
                else if (!sameStart)
                    GatherTile(scores + i * Positions, own, from, to, tile + i * stride, stride, FreshCode);
                else if (to > common.To)
                    GatherTile(scores + i * Positions, own, common.To + 1, to, tile + i * stride, stride, LaterCode);
                i += own;
            }
        }
    }

    /// <summary>q · k of the positions [from, to] at least.</summary>
    private void ScoreTile(float* queries, int count, int from, int to, float* scores)
    {
        int elementBytes = _element == ElementType.F32 ? 4 : 2;
        int leaves = _plan.Leaves;
        float* nodes = stackalloc float[leaves == 1 ? 0 : leaves * MostInTile * Positions];
        int vectors = count <= FloatTile.MostTokens(4) ? 4 : 2;
        int step = vectors * Width;
        for (int half = from / step * step; half <= to; half += step)
        {
            nint code = CodeOf(ScoreCode, vectors, count);
            for (int leaf = 0; leaf < leaves; leaf++)
            {
                int k = _plan.LeafStart(leaf);
                float* target = leaves == 1 ? scores : nodes + leaf * MostInTile * Positions;
                Run(
                    code,
                    (byte*)_keys + ((nint)k * Positions + half) * elementBytes,
                    queries + k,
                    _plan.LeafStart(leaf + 1) - k,
                    target + half,
                    Positions
                );
            }
        }
        if (leaves == 1)
            return;
        for (int nodeCount = leaves / 2; nodeCount > 0; nodeCount /= 2)
        {
            for (int i = 0; i < nodeCount; i++)
            {
                float* left = nodes + 2 * i * MostInTile * Positions;
                float* right = left + MostInTile * Positions;
                float* target = nodeCount == 1 ? scores : nodes + i * MostInTile * Positions;
                for (int j = 0; j < count * Positions; j += Width)
                    (Vector512.Load(left + j) + Vector512.Load(right + j)).Store(target + j);
            }
        }
    }

    /// <summary>Σ weight · value over positions that all of the queries see.</summary>
    private void GatherTile(float* weights, int count, int from, int to, float* nodes, nint stride, int purpose)
    {
        int elementBytes = _element == ElementType.F32 ? 4 : 2;
        byte* values = _valueRows + (nint)from * _padded * elementBytes;
        for (int j = 0; j < _padded; )
        {
            int vectors = 4;
            while (vectors * Width > _padded - j || count > FloatTile.MostTokens(vectors))
                vectors /= 2;
            Run(CodeOf(purpose, vectors, count), values + j * elementBytes, weights + from, to - from + 1, nodes + j, stride);
            j += vectors * Width;
        }
    }

    private static void Run(nint code, byte* b, float* a, int count, float* sums, nint stride) =>
        ((delegate* unmanaged<byte*, float*, nint, float*, nint, void>)code)(b, a, count, sums, stride * sizeof(float));

    private nint CodeOf(int purpose, int vectors, int queries)
    {
        int element = _element switch
        {
            ElementType.F16 => 0,
            ElementType.BF16 => 1,
            _ => 2,
        };
        ref nint code = ref _tileCode[((purpose * 3 + element) * 3 + vectors / 2) * (MostInTile + 1) + queries];
        if (code != 0)
            return code;
        int bytes = _element == ElementType.F32 ? 4 : 2;
        bool isScore = purpose == ScoreCode;
        FloatTile tile = new(
            queries,
            vectors,
            _element,
            (isScore ? Positions : _padded) * bytes,
            Width * bytes,
            (isScore ? HeadDimension : Positions) * sizeof(float),
            Width * sizeof(float),
            purpose != LaterCode
        );
        return code = tile.Code();
    }
}
