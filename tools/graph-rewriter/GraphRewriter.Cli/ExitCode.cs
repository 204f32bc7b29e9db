namespace FlashRt.GraphRewriter.Cli;

/// <summary>What the process says to its caller.</summary>
public static class ExitCode
{
    /// <summary>Done, or within tolerance.</summary>
    public const int Ok = 0;

    /// <summary>The model was refused, could not be run, written or captured, or is not within tolerance.</summary>
    public const int Refused = 1;

    /// <summary>The command line is wrong: an unknown option, a file or folder that is not there, a shape that is none.</summary>
    public const int Usage = 2;
}
