using System.Runtime.Intrinsics;
using Tapeout.Numerics.Kernels.Emitted;

namespace Tapeout.Numerics.Kernels;

/// <content>Integer products by machine code written at start-up.</content>
public sealed unsafe partial class InterleavedWeights
{
    /// <summary>Bytes of codes that stay in a second-level cache while the tiles of many tokens pass by.</summary>
    private const int CachedBytes = 256 << 10;

    // All of K.
    private readonly BlockShape _whole;

    /// <summary>False if a result is not finite.</summary>
    private bool MultiplyTiles(
        ActivationPanel panel,
        int groupFirst,
        int groupCount,
        float* output,
        nint outputStride,
        int leafFirst,
        int leafCount
    )
    {
        // A last group that is short is made apart, where it has room.
        int whole = Math.Min(groupCount, Rows / GroupRows - groupFirst);
        bool isFinite = true;
        int atOnce = panel.Tiles == 1 ? Math.Max(1, whole) : (int)Math.Clamp(CachedBytes / _groupBytes, 1, 8);
        for (int group = groupFirst; group < groupFirst + whole; group += atOnce)
        {
            int groups = Math.Min(atOnce, groupFirst + whole - group);
            for (int tile = 0; tile < panel.Tiles; tile++)
            {
                int token = panel.Tile(tile).First;
                isFinite &= MultiplyTile(
                    panel,
                    tile,
                    group,
                    groups,
                    output + token * outputStride + group * GroupRows,
                    outputStride,
                    leafFirst,
                    leafCount
                );
            }
        }
        if (whole == groupCount)
            return isFinite;
        float* results = stackalloc float[IntegerTile.MostTokens * GroupRows];
        int last = groupFirst + whole;
        for (int tile = 0; tile < panel.Tiles; tile++)
        {
            isFinite &= MultiplyTile(panel, tile, last, 1, results, GroupRows, leafFirst, leafCount);
            (int token, int tokens) = panel.Tile(tile);
            for (int t = 0; t < tokens; t++)
                Store(results + t * GroupRows, Rows - last * GroupRows, output + (token + t) * outputStride + last * GroupRows);
        }
        return isFinite;
    }

    private bool MultiplyTile(
        ActivationPanel panel,
        int tile,
        int group,
        int groups,
        float* output,
        nint outputStride,
        int leafFirst,
        int leafCount
    )
    {
        (int token, int tokens) = panel.Tile(tile);
        BlockShape shape = leafCount == _whole.LeafCount ? _whole : Shape(leafFirst, leafCount);
        int first = leafFirst * shape.BlocksPerLeaf;
        int each = IntegerTile.ParametersPerToken(Rule.Weight.Offset) * tokens;
        int scaleBytes = _scaleType == ElementType.F32 ? 4 : 2;
        int offsetBytes = Rule.Weight.Offset == OffsetKind.ZeroPoint ? 1 : scaleBytes;
        nint parameter = (nint)group * _parameterGroups * GroupRows + (shape.ParameterShift == 0 ? first * GroupRows : 0);
        byte* offsets = _minima == null ? _zeros : _minima;
        float* leaves = stackalloc float[16 * GroupRows * tokens];
        nint* arguments = stackalloc nint[(int)TileArgument.Count];
        arguments[(int)TileArgument.Codes] = (nint)(_codes + group * _groupBytes + (nint)first * shape.UnitsOfBlock * 64);
        arguments[(int)TileArgument.Scales] = (nint)(_scales + parameter * scaleBytes);
        arguments[(int)TileArgument.Offsets] = (nint)(offsets + parameter * offsetBytes);
        arguments[(int)TileArgument.Output] = (nint)output;
        arguments[(int)TileArgument.CodeStride] = (nint)_groupBytes;
        arguments[(int)TileArgument.ScaleStride] = (nint)_parameterGroups * GroupRows * scaleBytes;
        arguments[(int)TileArgument.OffsetStride] = (nint)_parameterGroups * GroupRows * offsetBytes;
        arguments[(int)TileArgument.OutputStride] = GroupRows * sizeof(float);
        arguments[(int)TileArgument.TokenStride] = outputStride * sizeof(float);
        arguments[(int)TileArgument.Groups] = groups;
        arguments[(int)TileArgument.FirstBlock] = first;
        arguments[(int)TileArgument.X] = (nint)(panel.Codes + (nint)token * panel.Stride + (nint)first * Rule.Block * tokens);
        arguments[(int)TileArgument.Parameters] = (nint)(
            panel.Sums + (nint)token * panel.Blocks * IntegerTile.ParametersPerToken(Rule.Weight.Offset) + (nint)first * each
        );
        arguments[(int)TileArgument.Leaves] = (nint)leaves;
        arguments[(int)TileArgument.Faults] = (nint)leaves;
        ((delegate* unmanaged<nint*, void>)CodeOf(shape, tokens))(arguments);
        return Vector512.Load((int*)leaves) == Vector512<int>.Zero;
    }

    private nint CodeOf(in BlockShape shape, int tokens)
    {
        bool all = shape.LeafCount == _whole.LeafCount;
        if (all && _code[tokens] != 0)
            return _code[tokens];
        bool hasLast = shape.LeafFirst + shape.LeafCount == _whole.LeafCount;
        IntegerTile tile = new(
            32 / _unit,
            _scaleType,
            Rule.Weight.Offset,
            shape.UnitsOfBlock,
            hasLast ? shape.UnitsOfLast : shape.UnitsOfBlock,
            shape.BlocksPerLeaf,
            shape.LeafCount,
            shape.ParameterShift,
            shape.IsWhole,
            tokens
        );
        nint code = tile.Code();
        if (all)
            _code[tokens] = code;
        return code;
    }
}
