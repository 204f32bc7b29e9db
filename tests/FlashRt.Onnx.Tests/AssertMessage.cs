namespace FlashRt.Onnx.Tests;

internal static class AssertMessage
{
    /// <summary>Every part occurs in the exception's message.</summary>
    internal static void Contains(Exception error, params string[] parts)
    {
        foreach (string part in parts) StringAssert.Contains(error.Message, part);
    }
}
