using FlashRt.GraphRewriter.Passes;

namespace FlashRt.GraphRewriter.Cli.Commands;

/// <summary>Holds --shape and --dims against the model: a name or a number of axes that does not fit is the caller's mistake.</summary>
internal static class ShapeCheck
{
    public static void Of(OnnxModel model, IReadOnlyDictionary<string, long[]> shapes, IReadOnlyDictionary<string, long>? dims = null)
    {
        try
        {
            InputShapes.Of(model, shapes);
            if (dims is not null) FixInputShapes.Check(model, dims);
        }
        catch (OnnxModelException e)
        {
            throw new UsageException(e.Message);
        }
        catch (ValidationException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
