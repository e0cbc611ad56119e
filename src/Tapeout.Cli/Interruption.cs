namespace Tapeout.Cli;

/// <summary>Ctrl-C while it lives: the first cancels, a second ends the program at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();

    public Interruption() => Console.CancelKeyPress += Stop;

    /// <summary>Cancelled by Ctrl-C.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>True after Ctrl-C.</summary>
    public bool Happened => _source.IsCancellationRequested;

    public void Dispose()
    {
        Console.CancelKeyPress -= Stop;
        _source.Dispose();
    }

    private void Stop(object? sender, ConsoleCancelEventArgs e)
    {
        e.Cancel = !Happened;
        _source.Cancel();
    }
}
