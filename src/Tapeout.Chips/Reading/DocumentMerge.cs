namespace Tapeout.Chips;

/// <summary>
/// Lays a variant over what it extends: mappings are merged key by key, everything else is replaced. A figure is replaced whole, so
/// that no new value inherits the source of an old one.
/// </summary>
internal static class DocumentMerge
{
    public static MappingNode Over(MappingNode basis, MappingNode variant)
    {
        MappingNode merged = basis with { Position = variant.Position };
        foreach (MappingEntry entry in variant.Entries)
        {
            DocumentNode? old = merged.Find(entry.Key)?.Value;
            bool sections =
                old is MappingNode first
                && entry.Value is MappingNode second
                && !RecordBinder.IsFigure(first)
                && !RecordBinder.IsFigure(second);
            merged = merged.With(sections ? entry with { Value = Over((MappingNode)old!, (MappingNode)entry.Value) } : entry);
        }
        return merged;
    }
}
