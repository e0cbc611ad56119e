using Tapeout.Isa;

namespace Tapeout.Timing;

/// <summary>
/// All executions of all roles of one step, and what each waits for: the instruction before it on its engine (until it releases the engine),
/// signals (until their instruction has its result), messages, and on a chip that launches kernels the kernel before. Edges in compressed
/// rows; the lowest bit says whether a result or a release is waited for.
/// </summary>
internal sealed class EventGraph
{
    private readonly List<InstructionInstance> _instances = [];
    private readonly List<int> _roles = [];
    private readonly List<int> _first = [0];
    private readonly List<int> _edges = [];
    private readonly Dictionary<int, List<int>> _sent = [];

    public EventGraph(Tape tape, Step step)
    {
        // Senders are unrolled before receivers: channels of a verified tape join roles without a cycle of waits.
        List<(Role Role, int Base, List<InstructionInstance> Instances)> unrolled = [];
        int at = 0;
        for (int r = 0; r < tape.Roles.Length; r++)
        {
            Role role = tape.Roles[r];
            List<InstructionInstance> instances = [.. Sequencer.Unroll(role, step.Sizes)];
            foreach (InstructionInstance instance in instances)
            {
                if (instance.Instruction is Send send)
                    Sent(send.Channel).Add(at + instance.Index);
            }
            unrolled.Add((role, at, instances));
            at += instances.Count;
            _instances.AddRange(instances);
            _roles.AddRange(Enumerable.Repeat(r, instances.Count));
        }
        Dictionary<int, int> received = [];
        foreach ((Role role, int start, List<InstructionInstance> instances) in unrolled)
            Connect(role, start, instances, received);
    }

    public int Count => _instances.Count;

    public InstructionInstance Instance(int index) => _instances[index];

    public int RoleOf(int index) => _roles[index];

    /// <summary>What an execution waits for: its number · 2, + 1 where its result is waited for.</summary>
    public ReadOnlySpan<int> Predecessors(int index) =>
        System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_edges)[_first[index].._first[index + 1]];

    private List<int> Sent(int channel)
    {
        if (!_sent.TryGetValue(channel, out List<int>? list))
            _sent[channel] = list = [];
        return list;
    }

    private void Connect(Role role, int start, List<InstructionInstance> instances, Dictionary<int, int> received)
    {
        InstructionTraits[] traits = InstructionTraits.Of(role);
        List<int>[] signals = [.. role.Tokens.Select(_ => new List<int>())];
        foreach (InstructionInstance instance in instances)
        {
            foreach (int token in instance.Instruction.Signals)
                signals[token].Add(start + instance.Index);
        }
        int[] waited = new int[role.Tokens.Length];
        int[] lastOnEngine = new int[8];
        Array.Fill(lastOnEngine, -1);
        int launch = -1;
        int previous = start;
        bool follows = false;
        int left = 0;
        foreach (InstructionInstance instance in instances)
        {
            int index = start + instance.Index;
            int engine = (int)instance.Instruction.Engine;
            if (lastOnEngine[engine] >= 0)
                _edges.Add(lastOnEngine[engine] * 2);
            lastOnEngine[engine] = index;
            foreach (int token in instance.Instruction.Waits)
            {
                int signal = waited[token]++ - role.Tokens[token].Credits;
                if (signal >= signals[token].Count)
                    throw new InvalidOperationException(
                        $"Instruction {instance.ProgramCounter} waits for a signal of token {token} that is never given."
                    );
                if (signal >= 0)
                    _edges.Add(signals[token][signal] * 2 + 1);
            }
            if (instance.Instruction is Receive receive)
            {
                int number = received.GetValueOrDefault(receive.Channel);
                received[receive.Channel] = number + 1;
                if (number < Sent(receive.Channel).Count)
                    _edges.Add(Sent(receive.Channel)[number] * 2 + 1);
            }
            if (instance.Instruction is Launch kernel)
            {
                // Kernels of one stream follow each other: all since the launch before have their results. Iterations of a grouped kernel do not wait.
                int group = traits[instance.ProgramCounter].GroupLevel;
                bool joins = group >= 0 && instance.Loops[group] > 0;
                if (kernel.Replay)
                {
                    for (int before = launch < 0 ? start : launch; before < index && !joins; before++)
                        _edges.Add(before * 2 + 1);
                }
                previous = launch < 0 ? start : launch;
                launch = joins ? launch : index;
                // A host that launches one by one runs ahead: not the launch but the kernel waits for the one before.
                follows = !kernel.Replay && !joins;
                left = kernel.Length;
            }
            else if (left > 0)
            {
                left--;
                _edges.Add(launch * 2 + 1);
                for (int before = previous; before < launch && follows; before++)
                    _edges.Add(before * 2 + 1);
                follows = false;
            }
            _first.Add(_edges.Count);
        }
    }
}
