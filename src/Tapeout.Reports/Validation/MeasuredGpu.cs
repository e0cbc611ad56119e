namespace Tapeout.Reports.Validation;

/// <summary>The chips of the catalog by the names that measurements give GPUs.</summary>
internal static class MeasuredGpu
{
    private static readonly Dictionary<string, string> Chips = new(StringComparer.Ordinal)
    {
        ["a100"] = "nvidia-a100-sxm",
        ["a100 80gb"] = "nvidia-a100-sxm",
        ["a100 sxm"] = "nvidia-a100-sxm",
        ["a100 sxm 80gb"] = "nvidia-a100-sxm",
        ["b200"] = "nvidia-b200",
        ["b200 sxm"] = "nvidia-b200",
        ["gb200"] = "nvidia-gb200",
        ["gb200 sxm"] = "nvidia-gb200",
        ["gb200 nvl72"] = "nvidia-gb200",
        ["h100"] = "nvidia-h100-sxm",
        ["h100 80gb"] = "nvidia-h100-sxm",
        ["h100 80gb hbm3"] = "nvidia-h100-sxm",
        ["h100 sxm"] = "nvidia-h100-sxm",
        ["h100 sxm 80gb"] = "nvidia-h100-sxm",
        ["h200"] = "nvidia-h200-sxm",
        ["h200 141gb"] = "nvidia-h200-sxm",
        ["h200 sxm"] = "nvidia-h200-sxm",
        ["h200 sxm 141gb"] = "nvidia-h200-sxm",
        ["l40s"] = "nvidia-l40s",
        ["mi210"] = "amd-mi210",
    };

    private static readonly string[] Makers = ["nvidia", "amd", "instinct"];

    /// <summary>The chip's name in the catalog; none if it has none of that name. "NVIDIA H200-SXM5" is "h200 sxm".</summary>
    public static string? ChipOf(string gpu) => Chips.GetValueOrDefault(Plain(gpu));

    /// <summary>The longest name that a text begins with, such as "H100 SXM TP4".</summary>
    public static string? ChipAtStartOf(string text)
    {
        string[] words = Plain(text).Split(' ');
        for (int count = words.Length; count > 0; count--)
        {
            if (Chips.TryGetValue(string.Join(' ', words[..count]), out string? chip))
                return chip;
        }
        return null;
    }

    private static string Plain(string gpu) =>
        string.Join(
            ' ',
            gpu.ToLowerInvariant()
                .Split([' ', '-', '_'], StringSplitOptions.RemoveEmptyEntries)
                .Where(word => !Makers.Contains(word))
                .Select(word => word is "sxm4" or "sxm5" or "sxm6" ? "sxm" : word)
        );
}
