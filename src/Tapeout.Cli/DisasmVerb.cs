using System.CommandLine;
using System.Text;
using Tapeout.Isa;

namespace Tapeout.Cli;

/// <summary><c>tapeout disasm TAPE</c>: a tape as text that <c>tapeout asm</c> turns into the same bytes.</summary>
internal static class DisasmVerb
{
    public static Command Create(TextWriter output)
    {
        Argument<FileInfo> tape = new("tape") { Description = "A tape that 'tapeout compile -o' has written." };
        Option<FileInfo?> file = new("--output", "-o") { Description = "The listing's file; without it, standard output." };
        Command command = new("disasm", "Writes a tape as text.") { tape, file };
        command.SetAction(parsed =>
        {
            FileInfo source = parsed.GetValue(tape)!;
            Tape read = TapeFile.Read(InputFile.Read(source), source.ToString());
            using NewFile? target = NewFile.Open(parsed.GetValue(file));
            if (target is null)
            {
                Disassembler.Write(read, output);
                return 0;
            }
            target.Write(Encoding.UTF8.GetBytes(Disassembler.Write(read)));
            target.Commit();
            return 0;
        });
        return command;
    }
}
