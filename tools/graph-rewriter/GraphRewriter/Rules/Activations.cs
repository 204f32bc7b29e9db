namespace FlashRt.GraphRewriter.Rules;

/// <summary>Names of activations in the attributes of com.flashrt ops.</summary>
internal static class Activations
{
    /// <summary>The activation that a Gelu of com.flashrt is.</summary>
    public static string OfGelu(Node gelu) => gelu.Text("approximate", "none") is var form and not "none" ? $"gelu_{form}" : "gelu_erf";
}
