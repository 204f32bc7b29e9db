namespace FlashRt.Onnx;

/// <summary>An operation of this library failed; the message says what was expected, what came, and what to do.</summary>
public class FlashRtException : Exception
{
    /// <summary>Creates the exception.</summary>
    public FlashRtException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with its cause.</summary>
    public FlashRtException(string message, Exception cause) : base(message, cause)
    {
    }
}
