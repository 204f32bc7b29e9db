namespace FlashRt.Validation;

/// <summary>Something that cannot be validated or measured; the message says what, why and what to do.</summary>
public sealed class ValidationException(string message, Exception? inner = null) : Exception(message, inner);
