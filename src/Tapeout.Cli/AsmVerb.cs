using System.CommandLine;
using Tapeout.Isa;

namespace Tapeout.Cli;

/// <summary><c>tapeout asm LISTING -o TAPE</c>: the inverse of <c>disasm</c>.</summary>
internal static class AsmVerb
{
    public static Command Create(TextWriter output)
    {
        Argument<FileInfo> listing = new("listing") { Description = "A text as 'tapeout disasm' writes it." };
        Option<FileInfo> file = new("--output", "-o") { Description = "The tape's file.", Required = true };
        Option<bool> unverified = new("--no-verify") { Description = "Writes a tape that breaks rules of the instruction set." };
        Command command = new("asm", "Turns a listing into a tape.") { listing, file, unverified };
        command.SetAction(parsed =>
        {
            FileInfo source = parsed.GetValue(listing)!;
            Tape tape = Assembler.Read(InputFile.Text(source, "a listing is what 'tapeout disasm' writes"), source.ToString());
            if (!parsed.GetValue(unverified))
                Verifier.VerifyOrThrow(tape, null);
            byte[] bytes = TapeFile.Write(tape);
            using NewFile target = NewFile.Open(parsed.GetValue(file))!;
            target.Write(bytes);
            target.Commit();
            output.WriteLine(
                $"{tape.Model} in {tape.Format}: {tape.Roles.Sum(r => r.Instructions.Length)} instructions, {bytes.Length:#,0} bytes, {TapeFile.Hash(tape)}"
            );
            return 0;
        });
        return command;
    }
}
