using System.Diagnostics;
using Tapeout.Reports;

namespace Tapeout.Cli;

/// <summary>
/// One line on the terminal that says what takes longer than a second, for how long, and how long it may still take. It vanishes when
/// the work is done, and nothing is written where errors go to a file.
/// </summary>
internal sealed class ProgressLine : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly TextWriter? _terminal;
    private readonly Timer? _timer;
    private readonly Lock _lock = new();
    private readonly Stopwatch _watch = new();
    private string _work = "";
    private double _share;
    private int _shown;

    public ProgressLine(TextWriter errors)
    {
        if (!ReferenceEquals(errors, Console.Error) || Console.IsErrorRedirected)
            return;
        _terminal = errors;
        _timer = new(_ => Show(), null, Patience, TimeSpan.FromMilliseconds(500));
    }

    /// <summary>Begins a piece of work; the piece before is over.</summary>
    public void Start(string work)
    {
        lock (_lock)
        {
            Erase();
            _work = work;
            _share = 0;
            _watch.Restart();
        }
    }

    /// <summary>Says which share of the piece, 0 to 1, is done.</summary>
    public void Advance(double share)
    {
        lock (_lock)
            _share = share;
    }

    /// <summary>Ends the piece of work and removes its line.</summary>
    public void Finish()
    {
        lock (_lock)
        {
            Erase();
            _work = "";
        }
    }

    public void Dispose()
    {
        _timer?.Dispose();
        Finish();
    }

    private void Show()
    {
        lock (_lock)
        {
            if (_work.Length == 0 || _watch.Elapsed < Patience)
                return;
            double spent = _watch.Elapsed.TotalSeconds;
            string left = _share > 0 ? $", {_share:0 %}, {PredictionReport.Seconds(spent * (1 - _share) / _share)} left" : "";
            string text = $"{_work} … {spent:0} s{left}";
            _terminal!.Write($"\r{text.PadRight(_shown)}");
            _shown = text.Length;
        }
    }

    private void Erase()
    {
        if (_shown > 0)
            _terminal!.Write($"\r{new string(' ', _shown)}\r");
        _shown = 0;
    }
}
