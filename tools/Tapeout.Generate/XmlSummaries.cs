using System.Reflection;
using System.Text;
using System.Xml.Linq;

namespace Tapeout.Generate;

/// <summary>The summaries of an assembly's XML documentation, which the compiler writes beside it, as plain text.</summary>
public sealed class XmlSummaries
{
    private readonly Dictionary<string, string> members;

    private XmlSummaries(Dictionary<string, string> members) => this.members = members;

    /// <summary>Reads the documentation beside an assembly.</summary>
    public static XmlSummaries Of(Assembly assembly)
    {
        XDocument document = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml"));
        Dictionary<string, string> members = [];
        foreach (XElement member in document.Descendants("member"))
        {
            if (member.Element("summary") is { } summary)
                members[member.Attribute("name")!.Value] = Plain(summary);
        }
        return new XmlSummaries(members);
    }

    /// <summary>The summary of a type; it is an error if there is none.</summary>
    public string Type(Type type) => members["T:" + type.FullName];

    /// <summary>The summary of a property; it is an error if there is none.</summary>
    public string Property(Type type, string name) => members[$"P:{type.FullName}.{name}"];

    private static string Plain(XElement summary)
    {
        StringBuilder text = new();
        foreach (XNode node in summary.Nodes())
        {
            if (node is XText plain)
                text.Append(plain.Value);
            else if (node is XElement element)
                text.Append(element.Attribute("cref") is { } reference ? reference.Value.Split('(')[0].Split('.')[^1] : element.Value);
        }
        return string.Join(' ', text.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }
}
