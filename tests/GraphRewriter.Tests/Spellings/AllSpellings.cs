namespace FlashRt.GraphRewriter.Tests.Spellings;

/// <summary>Every table of spellings.</summary>
public static class AllSpellings
{
    public static IEnumerable<Spelling> All =>
        [
            .. NormSpellings.All, .. ActivationSpellings.All, .. ResidualSpellings.All, .. RotarySpellings.All, .. ProductSpellings.All, .. PatchSpellings.All, .. TimestepSpellings.All,
            .. ModulationSpellings.All, .. AttentionSpellings.All];
}
