namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>Holds --shape against the model: a name or a number of axes that does not fit is the caller's mistake.</summary>
internal static class ShapeCheck
{
    public static void Of(OnnxModel model, IReadOnlyDictionary<string, long[]> shapes)
    {
        try
        {
            InputShapes.Of(model, shapes);
        }
        catch (ValidationException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
