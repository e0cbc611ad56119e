namespace Tapeout.Isa.Tests;

internal static partial class ConstraintCases
{
    private static Axis Pairs { get; } = new(SizeExpression.Of(Symbol.Tokens, 2));

    private static IEnumerable<(string, Func<Tape>)> Others()
    {
        Route Choose(RoleMaker r, bool floatIds = false, int slots = 2, int count = 2, int experts = 4) =>
            new()
            {
                Logits = r.Of(F32, T, C(experts)),
                Gates = r.Of(F32, T, C(slots)),
                Ids = r.Of(floatIds ? F32 : I32, T, C(slots)),
                Permutation = r.Of(I32, Pairs, C(1)),
                Count = count,
                Scoring = RouteScoring.Sigmoid,
                Normalise = true,
                Scale = 1,
            };
        yield return ("ROUTE", One(r => Choose(r)));
        yield return ("ROUTE C1", One(r => Choose(r, floatIds: true)));
        yield return ("ROUTE C2", One(r => Choose(r, slots: 3)));
        yield return ("ROUTE C3", One(r => Choose(r, experts: 1)));
        Permute Sort(RoleMaker r, int columns = 8, int count = 2) =>
            new()
            {
                Source = r.Of(F32, T, C(8)),
                Permutation = r.Of(I32, Pairs, C(1)),
                Destination = r.Of(F32, Pairs, C(columns)),
                Count = count,
            };
        yield return ("PERMUTE", One(r => Sort(r)));
        yield return ("PERMUTE C1", One(r => Sort(r, columns: 4)));
        yield return ("PERMUTE C2", One(r => Sort(r, count: 3)));
        Mix Blend(RoleMaker r, bool floatPermutation = false, int columns = 8) =>
            new()
            {
                Source = r.Of(F32, Pairs, C(8)),
                Permutation = r.Of(floatPermutation ? F32 : I32, Pairs, C(1)),
                Gates = r.Of(F32, T, C(2)),
                Destination = r.Of(F32, T, C(columns)),
                Count = 2,
            };
        yield return ("MIX", One(r => Blend(r)));
        yield return ("MIX C1", One(r => Blend(r, floatPermutation: true)));
        yield return ("MIX C2", One(r => Blend(r, columns: 4)));

        Attend Look(RoleMaker r, int destination = 32, int kvHeads = 2, int query = 32, Numerics.NumberFormat? format = null) =>
            new()
            {
                Query = r.Of(F32, T, C(query)),
                Keys = r.Cache(kvHeads, 8, format),
                Values = r.Cache(kvHeads, 8, format),
                Destination = r.Of(F32, T, C(destination)),
                HeadDimension = 8,
                GroupSize = 2,
                Scale = 1,
                Window = 0,
                Softcap = 0,
                Result = AttentionResult.Final,
                FirstBlock = default,
                BlockCount = 0,
            };
        yield return ("ATTEND", One(r => Look(r)));
        yield return ("ATTEND C1", One(r => Look(r, destination: 40)));
        yield return ("ATTEND C2", One(r => Look(r, kvHeads: 1)));
        yield return ("ATTEND C3", One(r => Look(r, query: 33)));
        yield return (
            "ATTEND C4",
            One(r => Look(r, destination: 40) with { Result = AttentionResult.Partial, BlockCount = 2, FirstBlock = new(1) })
        );
        yield return ("ATTEND C5", One(r => Look(r, format: F32)));
        Merge Join(RoleMaker r, int destination = 32, int count = 2) =>
            new()
            {
                Partials = r.Of(F32, T, C(40), stack1: 2),
                Destination = r.Of(F32, T, C(destination)),
                HeadDimension = 8,
                Count = count,
            };
        yield return ("MERGE", One(r => Join(r)));
        yield return ("MERGE C1", One(r => Join(r, destination: 24)));
        yield return ("MERGE C2", One(r => Join(r, count: 4)));

        Axis part = new(32) { TileStep = 16 };
        Exchange Share(RoleMaker r, int whole = 32, Numerics.NumberFormat? format = null) =>
            new()
            {
                Source = r.Of(F32, T, part),
                Destination = r.Of(format ?? F32, T, C(whole)),
                Group = Isa.Group.Tiles,
                Algorithm = CollectiveAlgorithm.Direct,
                LinkClass = 0,
            };
        yield return ("EXCHANGE", One(r => Share(r), tiles: 2));
        yield return ("EXCHANGE C1", One(r => Share(r, format: I32), tiles: 2));
        yield return ("EXCHANGE C2", One(r => Share(r, whole: 24), tiles: 2));
        yield return ("EXCHANGE C3", One(r => Share(r) with { Engine = Engine.Link }, tiles: 2));
        Reduce Sum(RoleMaker r, int columns = 8) =>
            new()
            {
                Source = r.Of(F32, T, C(8)),
                Destination = r.Of(F32, T, C(columns)),
                Group = Isa.Group.Tiles,
                Operation = ReduceOperation.SumNodes,
                Algorithm = CollectiveAlgorithm.Butterfly,
                LinkClass = 0,
            };
        yield return ("REDUCE", One(r => Sum(r), tiles: 2));
        yield return ("REDUCE C1", One(r => Sum(r, columns: 9), tiles: 2));
        yield return ("REDUCE C2", One(r => Sum(r) with { Operation = ReduceOperation.SumIntegers }, tiles: 2));
        yield return ("REDUCE C3", One(r => Sum(r) with { Algorithm = CollectiveAlgorithm.Ring }, tiles: 2));
        yield return ("REDUCE C4", One(r => Sum(r) with { Group = Isa.Group.Ranks }, tiles: 2));

        AllToAll Cut(RoleMaker r, int columns = 32, Numerics.NumberFormat? format = null) =>
            new()
            {
                Source = r.Of(F32, T, part),
                Destination = r.Of(format ?? F32, T, new Axis(columns) { TileStep = columns / 2 }),
                Group = Isa.Group.Tiles,
                Algorithm = CollectiveAlgorithm.Direct,
                LinkClass = 0,
            };
        yield return ("ALLTOALL", One(r => Cut(r), tiles: 2));
        yield return ("ALLTOALL C1", One(r => Cut(r, format: I32), tiles: 2));
        yield return ("ALLTOALL C2", One(r => Cut(r, columns: 40), tiles: 2));
        yield return ("ALLTOALL C3", One(r => Cut(r) with { Engine = Engine.Link }, tiles: 2));
        ReduceScatter Scatter(RoleMaker r, int columns = 8) =>
            new()
            {
                Source = r.Of(F32, T, C(8)),
                Destination = r.Of(F32, T, new Axis(columns) { TileStep = columns / 2 }),
                Group = Isa.Group.Tiles,
                Operation = ReduceOperation.SumNodes,
                Algorithm = CollectiveAlgorithm.Butterfly,
                LinkClass = 0,
            };
        yield return ("REDUCESCATTER", One(r => Scatter(r), tiles: 2));
        yield return ("REDUCESCATTER C1", One(r => Scatter(r, columns: 10), tiles: 2));
        yield return ("REDUCESCATTER C2", One(r => Scatter(r) with { Operation = ReduceOperation.SumIntegers }, tiles: 2));
        yield return ("REDUCESCATTER C3", One(r => Scatter(r) with { Algorithm = CollectiveAlgorithm.Ring }, tiles: 2));
        yield return ("REDUCESCATTER C4", One(r => Scatter(r) with { Group = Isa.Group.Ranks }, tiles: 2));

        Role Sender(string name, int channel)
        {
            RoleMaker role = new(name: name);
            Send send = new()
            {
                Source = role.Of(F32, T, C(8)),
                Channel = channel,
                LinkClass = 0,
            };
            return role.Add(send).Make();
        }
        Role Receiver(string name, int channel)
        {
            RoleMaker role = new(name: name);
            Receive receive = new()
            {
                Destination = role.Of(F32, T, C(8)),
                Channel = channel,
                LinkClass = 0,
            };
            return role.Add(receive).Make();
        }
        yield return ("SEND", () => ValidTape.Make(Sender("a", 1), Receiver("b", 1)));
        yield return ("SEND C1", () => ValidTape.Make(Sender("a", 1), Receiver("b", 1), Receiver("c", 1)));
        yield return ("RECV", () => ValidTape.Make(Sender("a", 2), Receiver("b", 2)));
        yield return ("RECV C1", () => ValidTape.Make(Sender("a", 1), Receiver("b", 2)));
        HostOut Give(int source) => new() { Source = source, Data = HostData.Logits };
        yield return ("HOSTOUT", One(r => Give(r.Of(F32, R, C(8)))));
        yield return ("HOSTOUT C1", One(r => Give(r.Of(I32, R, C(8)))));
        yield return ("HOSTOUT C2", One(r => Give(r.Of(F32, T, C(8)))));
        HostIn Get(int destination, HostData data = HostData.TokenIds) => new() { Destination = destination, Data = data };
        yield return ("HOSTIN", One(r => Get(r.Of(I32, T, C(1)))));
        yield return ("HOSTIN C1", One(r => Get(r.Of(I32, T, C(2)))));
        yield return ("HOSTIN C2", One(r => Get(r.Of(I32, T, C(1)), HostData.Logits)));
    }
}
