namespace Tapeout.Reports.Validation;

/// <summary>How the kernels of a row were launched when it was measured.</summary>
internal enum LaunchPace
{
    /// <summary>From a recorded graph.</summary>
    Graph,

    /// <summary>By the host, each before the next is waited for.</summary>
    OneByOne,

    /// <summary>By the host in a loop, which runs ahead: the slower of host and chip counts.</summary>
    HostLoop,
}
