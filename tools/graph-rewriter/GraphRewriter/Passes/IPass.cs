namespace FlashRt.GraphRewriter.Passes;

/// <summary>One step of the pipeline.</summary>
public interface IPass
{
    /// <summary>What progress and reports call it.</summary>
    string Name { get; }

    /// <summary>Changes the model; returns how many things it changed, 0 when the model already was as the pass wants it.</summary>
    int Run(PassContext context);
}
