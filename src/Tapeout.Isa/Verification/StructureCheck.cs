namespace Tapeout.Isa;

/// <summary>Numbers in range and loops closed: what every other proof, and the machine, take for granted.</summary>
internal sealed class StructureCheck
{
    public const int MostRanks = 4096;
    public const int MostTiles = 65536;
    public const int MostIterations = 1 << 20;
    public const long MostInstances = 50_000_000;
    private const int MostSlots = 8;
    private const int MostSize = 1 << 30;
    private const int MostStep = 1 << 26;
    private const int MostRecords = 1 << 20;
    private const long MostBytes = 1L << 50;

    private readonly Tape tape;
    private readonly Role role;
    private readonly ProblemList problems;
    private int counter = -1;

    private StructureCheck(Tape tape, Role role, ProblemList problems)
    {
        this.tape = tape;
        this.role = role;
        this.problems = problems;
    }

    public static void Tape(Tape tape, ProblemList problems)
    {
        Envelope e = tape.Envelope;
        void Bound(string what, int found, int most)
        {
            if (found < 1 || found > most)
                problems.Add("structure", "", -1, $"the envelope has {found} {what}, but 1 to {most} are allowed");
        }
        Bound("sequences", e.Sequences, 1 << 20);
        Bound("tokens", e.Tokens, 1 << 20);
        Bound("positions of context", e.Context, 1 << 26);
        Bound("pages", e.Pages, 1 << 24);
        Bound("rows of logits", e.LogitRows, 1 << 20);
        if (tape.Roles.IsEmpty)
            problems.Add("structure", "", -1, "the tape has no role, so there is nothing to execute");
        foreach (IGrouping<string, Role> same in tape.Roles.GroupBy(r => r.Name).Where(g => g.Count() > 1))
            problems.Add("structure", "", -1, $"{same.Count()} roles are called '{same.Key}', but names are unique");
        for (int i = 0; i < tape.Origins.Length; i++)
        {
            Origin origin = tape.Origins[i];
            if (origin.FirstLayer is < -1 or > MostIterations || origin.LoopLevel is < -1 or >= LoopIndices.Levels)
                problems.Add("structure", "", -1, $"origin {i} has layer {origin.FirstLayer} and loop {origin.LoopLevel}, which is none");
        }
    }

    public static void Role(Tape tape, Role role, ProblemList problems) => new StructureCheck(tape, role, problems).Run();

    private void Fail(string sentence, string label = "structure") => problems.Add(label, role.Name, counter, sentence);

    private void Run()
    {
        if (role.Ranks is < 1 or > MostRanks || role.Tiles is < 1 or > MostTiles)
            Fail($"{role.Ranks} ranks of {role.Tiles} tiles, but 1 to {MostRanks} ranks of 1 to {MostTiles} tiles are allowed");
        if (role.Instructions.Length > MostRecords || role.Descriptors.Length > MostRecords || role.Buffers.Length > MostRecords)
        {
            Fail($"more than {MostRecords} instructions, descriptors or buffers");
            return;
        }
        foreach (TapeBuffer buffer in role.Buffers)
            Buffer(buffer);
        for (int i = 0; i < role.Descriptors.Length; i++)
            Descriptor(i, role.Descriptors[i]);
        for (int i = 0; i < role.Tokens.Length; i++)
        {
            if (role.Tokens[i].Credits is < 0 or > MostIterations)
                Fail($"token {i} has {role.Tokens[i].Credits} credits, but 0 to {MostIterations} are allowed", "token");
        }
        for (counter = 0; counter < role.Instructions.Length; counter++)
            Instruction(role.Instructions[counter]);
        Loops();
    }

    private void Buffer(TapeBuffer buffer)
    {
        string name = $"buffer '{buffer.Name}'";
        bool isSized = Axis(name, buffer.Rows, true) & Axis(name, buffer.Columns, true);
        if (buffer.Rows.Kind != AxisKind.Plain || buffer.Columns.Kind != AxisKind.Plain)
            Fail($"{name} has rows or columns of an expert, but what is held cannot depend on routing");
        if (!buffer.Format.IsValid)
            Fail($"{name} has a format that is none");
        if (buffer.Stack0 is < 1 or > MostStep || buffer.Stack1 is < 1 or > MostStep)
            Fail($"{name} is a stack of {buffer.Stack0} × {buffer.Stack1} matrices, but at least one is needed");
        if (buffer.Slots is < 1 or > MostSlots || buffer.SlotLevel is < 0 or >= LoopIndices.Levels)
            Fail($"{name} has {buffer.Slots} slots of loop {buffer.SlotLevel}, but 1 to {MostSlots} of loop 0 to 3 are allowed");
        if (buffer.Address is < 0 or > MostBytes || buffer.Address % 16 != 0)
            Fail($"{name} has address {buffer.Address}, but addresses are positive multiples of 16");
        if ((buffer.Kind == BufferKind.Constant) != (buffer.Tensor.Length > 0))
            Fail($"{name} is {buffer.Kind} and names tensor '{buffer.Tensor}', but exactly constants name one");
        if (buffer.Space == Space.Rom && buffer.Kind != BufferKind.Constant)
            Fail($"{name} is {buffer.Kind} in ROM, which holds constants");
        if (buffer.Space == Space.Array && buffer.Kind != BufferKind.Staging)
            Fail($"{name} is {buffer.Kind} in an array, which holds what is staged");
        if (!isSized || problems.Count > 0)
            return;
        StepSizes bounds = tape.Envelope.Bounds;
        long rows = buffer.Rows.Capacity(bounds);
        long columns = buffer.Columns.Capacity(bounds);
        if (rows < 1 || columns < 1)
        {
            Fail($"{name} holds {rows} × {columns} elements, but at least one is needed");
            return;
        }
        Int128 bytes = (Int128)columns * buffer.Format.ElementBits / 8 > int.MaxValue ? MostBytes + 1 : buffer.MatrixBytes(bounds);
        bytes *= (Int128)buffer.Stack0 * buffer.Stack1 * buffer.Slots;
        if (bytes > MostBytes)
            Fail($"{name} has more than 2^50 bytes or a row of more than 2^31");
    }

    private void Descriptor(int number, Descriptor descriptor)
    {
        string name = $"descriptor {number}";
        if ((descriptor.Buffer < 0 || descriptor.Buffer >= role.Buffers.Length))
            Fail($"{name} names buffer {descriptor.Buffer}, but there are {role.Buffers.Length}");
        Axis(name, descriptor.Rows, false);
        Axis(name, descriptor.Columns, false);
        Index(name, descriptor.Stack0);
        Index(name, descriptor.Stack1);
        if (descriptor.Columns.Kind != AxisKind.Plain)
            Fail($"{name} has columns of an expert, but experts have rows");
        if (descriptor.Rows.Kind == AxisKind.ActiveExpert && descriptor.Rows.InnerStep != 0)
            Fail($"{name} has rows of an active expert that are divided by an inner step, but the inner level names the expert");
    }

    private void Index(string name, IndexExpression index)
    {
        if (
            index.Base is < -MostStep or > MostStep
            || index.Step is < -MostStep or > MostStep
            || index.Level is < 0 or >= LoopIndices.Levels
        )
            Fail($"{name} has the index {index}, which is out of range");
    }

    private bool Axis(string name, Axis axis, bool isHeld)
    {
        bool isPlain =
            Steps(axis.RankStep)
            && Steps(axis.TileStep)
            && Steps(axis.LoopStep)
            && Steps(axis.InnerStep)
            && axis.LoopLevel is >= 0 and < LoopIndices.Levels
            && axis.InnerLevel is >= 0 and < LoopIndices.Levels;
        if (!isPlain || !Size(axis.Total, isHeld ? 1 : 0))
            Fail($"{name} has the axis {axis}: sizes are 0 to 2^30 within the envelope, steps not negative, loops 0 to 3");
        return isPlain;
    }

    private static bool Steps(int step) => step is >= 0 and <= MostSize;

    private bool Size(SizeExpression size, int least)
    {
        if (size.Multiplier is < 0 or > MostSize || size.Offset is < -MostSize or > MostSize || size.Divisor < 1)
            return false;
        long most = (long)size.Multiplier * tape.Envelope.Bounds[size.Symbol] + size.Offset;
        most = size.Divisor == 1 ? most : (most + size.Divisor - 1) / size.Divisor;
        return most >= least && most <= MostSize && (size.Offset >= 0 || size.Divisor > 1);
    }

    private void Instruction(Instruction instruction)
    {
        InstructionDefinition definition = instruction.Definition;
        TileGroup tiles = instruction.Tiles;
        if (tiles.First < 0 || tiles.Count < 1 || (long)tiles.First + tiles.Count > role.Tiles)
            Fail($"{definition.Mnemonic} acts on tiles {tiles}, but the chip has {role.Tiles}");
        if ((instruction.Origin < 0 || instruction.Origin >= tape.Origins.Length))
            Fail($"{definition.Mnemonic} has origin {instruction.Origin}, but there are {tape.Origins.Length}");
        for (int i = 0; i < definition.Operands.Count; i++)
        {
            OperandDefinition operand = definition.Operands[i];
            OperandValue value = instruction.Operands[i];
            bool isAbsent = operand.Kind == OperandKind.OptionalRead && value.Word0 == -1;
            if (operand.IsDescriptor && !isAbsent && (value.Word0 < 0 || value.Word0 >= role.Descriptors.Length))
                Fail(
                    $"operand {operand.Name} of {definition.Mnemonic} is descriptor {value.Word0}, but there are {role.Descriptors.Length}"
                );
            if (OperandRules.Problem(operand, value) is { } problem)
                Fail($"operand {operand.Name} of {definition.Mnemonic} {problem}");
            if (operand.Kind == OperandKind.Index)
                Index($"operand {operand.Name} of {definition.Mnemonic}", value.AsIndex());
        }
        bool isFree = instruction is Barrier or Exchange or Reduce or AllToAll or ReduceScatter;
        if (!isFree && instruction.Engine != definition.Engine)
            Fail($"{definition.Mnemonic} is given to engine {instruction.Engine}, but {definition.Engine} takes it");
        if (instruction is Loop or End && !(instruction.Waits.IsEmpty && instruction.Signals.IsEmpty))
            Fail($"{definition.Mnemonic} waits or signals, but no engine executes it", "token");
        foreach (int token in instruction.Waits)
            Token(token, instruction, "waits for", t => t.Consumer);
        foreach (int token in instruction.Signals)
            Token(token, instruction, "signals", t => t.Producer);
    }

    private void Token(int token, Instruction instruction, string verb, Func<DependencyToken, Engine> engine)
    {
        string name = instruction.Definition.Mnemonic;
        if ((token < 0 || token >= role.Tokens.Length))
            Fail($"{name} {verb} token {token}, but there are {role.Tokens.Length}", "token");
        else if (engine(role.Tokens[token]) != instruction.Engine)
            Fail($"{name} on engine {instruction.Engine} {verb} token {token}, which is for engine {engine(role.Tokens[token])}", "token");
    }

    private void Loops()
    {
        Stack<(int Level, int Counter, long Executions)> open = new();
        long executions = 1;
        long total = 0;
        for (counter = 0; counter < role.Instructions.Length; counter++)
        {
            total += executions;
            switch (role.Instructions[counter])
            {
                case Loop loop:
                    if (loop.Level is < 0 or >= LoopIndices.Levels || open.Any(l => l.Level == loop.Level))
                        Fail($"the level is {loop.Level}, but it must be 0 to 3 and not that of an enclosing loop", "LOOP C1");
                    long count = Size(loop.Count, 0) ? loop.Count.Evaluate(tape.Envelope.Bounds) : long.MaxValue;
                    if (count > MostIterations)
                        Fail($"the count {loop.Count} can exceed 2^20 or be negative", "LOOP C3");
                    open.Push((loop.Level, counter, executions));
                    executions = Math.Min(MostInstances + 1, executions * Math.Clamp(count, 1, MostIterations));
                    break;
                case End end:
                    if (open.Count == 0 || open.Peek().Level != end.Level)
                    {
                        Fail($"no LOOP of level {end.Level} is open, or another one inside it", "END C1");
                        return;
                    }
                    executions = open.Pop().Executions;
                    break;
                case Halt when counter != role.Instructions.Length - 1:
                    Fail("HALT is not the last instruction of the role", "HALT C1");
                    break;
            }
            total = Math.Min(total, MostInstances + 1);
        }
        counter = role.Instructions.Length - 1;
        if (role.Instructions.IsEmpty || role.Instructions[^1] is not Halt)
            Fail("the role does not end in HALT", "HALT C1");
        foreach ((int level, int start, _) in open)
        {
            counter = start;
            Fail($"the loop of level {level} has no END", "LOOP C2");
        }
        counter = -1;
        if (total > MostInstances)
            Fail($"a step could execute more than {MostInstances} instructions");
    }
}
