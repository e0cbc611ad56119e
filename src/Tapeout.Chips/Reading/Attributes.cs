namespace Tapeout.Chips;

/// <summary>The least and the greatest value a field may have, in its own text form.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class WithinAttribute(string least, string greatest) : Attribute
{
    public string Least => least;

    public string Greatest => greatest;
}

/// <summary>A field that describes where values come from: read from the file, but no part of the hash.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class ProvenanceAttribute : Attribute;

/// <summary>A property that the reader fills in from elsewhere: no key of the file.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class NotInFileAttribute : Attribute;

/// <summary>A record whose fields must fit each other; asked once all of them were read.</summary>
internal interface IChecked
{
    /// <summary>The misfits, each with the key it is about and a clause that follows the key's path.</summary>
    IEnumerable<(string Key, string Problem)> Check();
}
