using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Tapeout.Chips;

/// <summary>The keys of a record: one for every property that can be initialised, in the order of declaration.</summary>
internal sealed class RecordShape
{
    private static readonly ConcurrentDictionary<Type, RecordShape> Shapes = new();

    private RecordShape(Type type)
    {
        NullabilityInfoContext nullability = new();
        Type = type;
        Fields =
        [
            .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(p => p.CanWrite && p.GetCustomAttribute<NotInFileAttribute>() is null)
                .Select(p => new RecordField(p, nullability)),
        ];
    }

    public Type Type { get; }

    public IReadOnlyList<RecordField> Fields { get; }

    public static RecordShape Of(Type type) => Shapes.GetOrAdd(type, t => new RecordShape(t));
}

/// <summary>What a field holds.</summary>
internal enum FieldKind
{
    /// <summary>One text.</summary>
    Leaf,

    /// <summary>A list of texts.</summary>
    LeafList,

    /// <summary>Keys of its own.</summary>
    Section,

    /// <summary>A list of sections.</summary>
    SectionList,

    /// <summary>Sections under keys the author chooses.</summary>
    SectionMap,

    /// <summary>Texts under keys the author chooses.</summary>
    LeafMap,
}

/// <summary>One key of a record.</summary>
internal sealed class RecordField
{
    public RecordField(PropertyInfo property, NullabilityInfoContext nullability)
    {
        Property = property;
        Key = char.ToLowerInvariant(property.Name[0]) + property.Name[1..];
        Type type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        IsNullable = type != property.PropertyType || nullability.Create(property).ReadState == NullabilityState.Nullable;
        IsRequired = property.GetCustomAttribute<RequiredMemberAttribute>() is not null;
        IsProvenance = property.GetCustomAttribute<ProvenanceAttribute>() is not null;
        Type? generic = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
        bool list = generic == typeof(IReadOnlyList<>);
        bool map = generic == typeof(IReadOnlyDictionary<,>);
        ItemType =
            list ? type.GetGenericArguments()[0]
            : map ? type.GetGenericArguments()[1]
            : type;
        Leaf = Leaf.For(ItemType);
        Kind = (list, map, Leaf is not null) switch
        {
            (true, _, true) => FieldKind.LeafList,
            (true, _, false) => FieldKind.SectionList,
            (_, true, true) => FieldKind.LeafMap,
            (_, true, false) => FieldKind.SectionMap,
            (_, _, true) => FieldKind.Leaf,
            _ => FieldKind.Section,
        };
        if (property.GetCustomAttribute<WithinAttribute>() is { } within)
        {
            Least = (IComparable)Leaf!.Read(within.Least).Value!;
            Greatest = (IComparable)Leaf!.Read(within.Greatest).Value!;
        }
    }

    public PropertyInfo Property { get; }

    public string Key { get; }

    public Type ItemType { get; }

    public Leaf? Leaf { get; }

    public FieldKind Kind { get; }

    public bool IsNullable { get; }

    public bool IsRequired { get; }

    public bool IsProvenance { get; }

    public IComparable? Least { get; }

    public IComparable? Greatest { get; }

    /// <summary>"clock: 1.35GHz", for the sentence about a missing key.</summary>
    public string Example =>
        Kind switch
        {
            FieldKind.Leaf => $"\"{Key}: {(Leaf!.Choices.Count > 0 ? Leaf.Choices[0] : ExampleWithin())}\"",
            FieldKind.LeafList => $"\"{Key}: [{(Leaf!.Choices.Count > 0 ? Leaf.Choices[0] : Leaf.Example)}]\"",
            FieldKind.SectionList => $"\"{Key}:\" and below it a list of mappings",
            _ =>
                $"\"{Key}:\" and below it {Quantities.Sentence.Enumeration([.. RecordShape.Of(ItemType).Fields.Where(f => f.IsRequired).Select(f => f.Key)])}",
        };

    private string ExampleWithin()
    {
        object example = Leaf!.Read(Leaf.Example).Value!;
        bool fits = Least is null || (Least.CompareTo(example) <= 0 && Greatest!.CompareTo(example) >= 0);
        return fits ? Leaf.Example : Leaf.Print(Greatest!);
    }
}
