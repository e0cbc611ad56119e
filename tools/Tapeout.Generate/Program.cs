using Tapeout.Generate;

// Writes every generated file of the repository; with --check it writes nothing and fails if a file would change.
bool check = args.Contains("--check");
string root = Directory.GetCurrentDirectory();
while (!File.Exists(Path.Combine(root, "Tapeout.slnx")))
    root = Path.GetDirectoryName(root) ?? throw new DirectoryNotFoundException("Run the generator inside a checkout of Tapeout.");

int changed = 0;
(string Path, string Content)[] outputs =
[
    .. InstructionTypesGenerator.Outputs(),
    .. InstructionManual.Outputs(root),
    .. ChipSchemas.Outputs(),
];
foreach ((string path, string content) in outputs)
{
    string full = Path.Combine(root, path);
    if (File.Exists(full) && File.ReadAllText(full) == content)
        continue;
    changed++;
    Console.WriteLine(
        check ? $"{path} is not what the generator writes: run 'dotnet run --project tools/Tapeout.Generate' and commit." : $"wrote {path}"
    );
    if (!check)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, content);
    }
}
return check && changed > 0 ? 1 : 0;
