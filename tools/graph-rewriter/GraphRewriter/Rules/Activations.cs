namespace FlashRt.GraphRewriter.Rules;

/// <summary>Names of activations in the attributes of com.flashrt ops.</summary>
internal static class Activations
{
    /// <summary>The activation that a Gelu of com.flashrt is.</summary>
    public static string OfGelu(Node gelu) => Gelu(gelu.Text("approximate", "none"));

    /// <summary>GELU in the form that an attribute approximate names.</summary>
    public static string Gelu(string form) => form == "none" ? "gelu_erf" : $"gelu_{form}";
}
